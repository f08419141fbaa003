import type { Varve } from '@varve/core'
import type { Ledger, Removal } from './ledger.js'

export interface NotedStore {
  readonly store: Varve
  /** Once it has started: the index of its last file. */
  lastIndex(): number
  ledger(): Ledger
}

/** Tells the ledger which files the store's retention may drop, before it may, and which it has dropped. For a store that is not started yet. */
export function noteRetention({ store, lastIndex, ledger }: NotedStore): void {
  const { maxFiles, cursors = [] } = store.options.retention
  if (maxFiles === undefined) return
  const removals: Removal[] = []
  const noteUpTo = (last: number): void => {
    for (let index = removals.length; index <= last - maxFiles; index++) {
      const removal = {
        words: `retention of ${index}`,
        awaitsCursor: cursors.length > 0,
        covers: (location: { readonly index: number }) => location.index === index,
      }
      removals.push(removal)
      ledger().removal('removing', removal)
    }
  }
  store.on('start', () => noteUpTo(lastIndex()))
  store.on('rotate', ({ to }) => noteUpTo(to))
  store.on('destroyIndex', ({ index }) => {
    const removal = removals[index]
    if (removal) ledger().removal('removed', removal)
  })
}
