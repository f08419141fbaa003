import { readdirSync } from 'node:fs'
import { formatLocation, Varve, VarveError } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { BrokenPromise } from '../checker/broken-promise.js'
import { idOf, markedItem } from './marked-item.js'
import { observeStore } from './observe-store.js'
import type { ProcessLedger } from './process-ledger.js'
import type { ShownItem } from './report.js'
import { lookSettings } from './settings.js'

export interface LookOptions {
  /** Adds an item, so that there is one. */
  readonly adding?: boolean
  /** Called before the store is stopped, which writes a few bytes. */
  readonly beforeStop?: () => void
}

/** Opens the store in this process, as whoever comes after a crash: read-only first, then for writing, which recovers it. Holds what it shows against the ledger. */
export async function lookAt(directory: string, ledger: ProcessLedger, { adding = false, beforeStop }: LookOptions = {}): Promise<void> {
  const raw = await lookReadOnly(directory)
  const life = ledger.nextLife
  ledger.take({ is: 'opening', life })
  const store = await Varve.open(fsBackend(directory), lookSettings)
  try {
    const items = await observe(store, ledger)
    if (raw) assertSame(raw, items)
    for (const { location } of ledger.removed) {
      if (await store.read(location)) throw new BrokenPromise(`something is read at ${formatLocation(location)}, though it was removed`)
    }
    if (adding) {
      const mark = { life, number: 0, group: 0, member: 0, members: 0 }
      const location = await store.add(markedItem(mark, 100), { durable: true })
      ledger.take({ is: 'accepted', items: [{ mark, location }], durable: true })
      await observe(store, ledger)
    }
  } finally {
    beforeStop?.()
    await store.stop()
  }
  ledger.take({ is: 'stopped' })
  assertNothingElse(directory)
}

async function observe(store: Varve, ledger: ProcessLedger): Promise<readonly ShownItem[]> {
  const items = await observeStore(store)
  ledger.take({ is: 'observed', items, next: (await store.stats()).nextSequence })
  return items
}

/** What a reader sees, who repairs nothing; undefined where there is no store yet. */
async function lookReadOnly(directory: string): Promise<readonly ShownItem[] | undefined> {
  try {
    const store = await Varve.open(fsBackend(directory), { ...lookSettings, overwrite: false, readOnly: true })
    try {
      return await observeStore(store)
    } finally {
      await store.stop()
    }
  } catch (error) {
    if (VarveError.is(error) && error.code === 'NOT_FOUND') return undefined
    throw error
  }
}

function assertSame(before: readonly ShownItem[], after: readonly ShownItem[]): void {
  const words = (items: readonly ShownItem[]): string => items.map(idOf).join(' ')
  if (words(before) !== words(after))
    throw new BrokenPromise(`before recovery a reader sees ${words(before)}, after it there is ${words(after)}`)
}

/** Nothing stays behind but what is documented: data files, the newest four of what was cut, and the lock. */
function assertNothingElse(directory: string): void {
  const names = readdirSync(directory).filter((name) => !/^data\d+\.dat$/.test(name) && name !== '.lock')
  const cuts = names.filter((name) => /^\.cut\.data\d+\.dat\.\d+$/.test(name))
  if (cuts.length < names.length || cuts.length > 4) throw new BrokenPromise(`beside the data files there is ${names.join(', ')}`)
}
