import { compareLocations, type ScannedItem, type ScanOptions, type ScanPoint } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import type { Account } from './account.js'
import { describeEntry, type Entry, isShown, type PlacedEntry } from './entry.js'
import { isContentOf, recognise } from './settlement.js'
import type { Outcome, WatchedStore } from './watched-store.js'

type Shown = Pick<ScannedItem, 'location' | 'sequence' | 'timestamp' | 'data'>

/** Scans a store, and holds what is shown, its order, and what is left out against the account. What is shown unasked as durable is durable. */
export async function watchedScan(store: WatchedStore, options: ScanOptions): Promise<Outcome> {
  const { account } = store
  const wanted = account.stored().filter((entry) => (options.buffered ? isShown(entry) : entry.state === 'durable'))
  const sight = new Sight(account, options)
  const answer = await store.attempt(
    `scan ${describeScan(options)}`,
    async () => {
      for await (const item of store.db.scan(options)) sight.see(item)
    },
    'read',
  )
  if (answer.error) return answer.error
  for (const entry of wanted) {
    if (!sight.covers(entry)) throw new BrokenPromise(`a scan ${describeScan(options)} leaves out ${describeEntry(entry)}`)
  }
  sight.assertGroupsWhole()
  return undefined
}

/** What a scan has shown so far. */
export class Sight {
  readonly #account: Account
  readonly #options: ScanOptions
  readonly #seen = new Set<Entry>()
  /** What was removed before the scan began: it must not be shown. */
  readonly #removedBefore: ReadonlySet<Entry>
  #last: Shown | undefined

  constructor(account: Account, options: ScanOptions) {
    this.#account = account
    this.#options = options
    this.#removedBefore = new Set(account.entries.filter(({ state }) => state === 'removed'))
  }

  /** Whether the item was shown, or need not be. */
  covers(entry: Entry): boolean {
    const { location } = entry
    const isGone = entry.state === 'removed' || (location !== undefined && this.#account.mayBeRemoved(location))
    return this.#seen.has(entry) || isGone || isOutside(entry, this.#options)
  }

  assertGroupsWhole(): void {
    for (const entry of this.#seen) {
      const missing = entry.group?.find((other) => !this.covers(other))
      if (missing)
        throw new BrokenPromise(
          `a scan ${describeScan(this.#options)} shows ${describeEntry(entry)} without ${describeEntry(missing)}, of the same transaction`,
        )
    }
  }

  see(item: Shown): void {
    const account = this.#account
    const place = `${item.location.index}:${item.location.position}`
    const last = this.#last
    if (last && (this.#options.reverse ? isBehind(item, last) : isBehind(last, item))) {
      throw new BrokenPromise(
        `a scan shows sequence ${item.sequence} at ${place} next to ${last.sequence} at ${last.location.index}:${last.location.position}`,
      )
    }
    this.#last = item
    const entry = this.#recognise(item)
    if (this.#removedBefore.has(entry)) throw new BrokenPromise(`a scan shows ${describeEntry(entry)}, which was removed before`)
    if (isBelow(item, this.#options) || isAbove(item, this.#options))
      throw new BrokenPromise(`a scan ${describeScan(this.#options)} shows ${describeEntry(entry)}`)
    this.#seen.add(entry)
    if (entry.state === 'removed') return
    account.accept(entry, item.location)
    account.number(entry, item.sequence)
    if (!this.#options.buffered) account.acknowledge([entry])
  }

  #recognise(item: Shown): Entry {
    const owner = this.#account.at(item.location)
    // Removed only since the scan began: it may have been read before that.
    return owner && isContentOf(owner, item.data) ? owner : recognise(this.#account, item)
  }
}

function isBehind(a: Shown, b: Shown): boolean {
  return compareLocations(a.location, b.location) >= 0 || a.sequence >= b.sequence || a.timestamp > b.timestamp
}

/** Whether the bounds leave it out, as far as that is known. */
function isOutside(entry: Entry, options: ScanOptions): boolean {
  const { location, sequence } = entry as PlacedEntry
  const bounds = [options.from, options.after, options.to].filter((point) => point !== undefined)
  // Times are not written down, and a sequence may not have been told.
  if (bounds.some((point) => 'time' in point || ('sequence' in point && sequence === undefined))) return true
  const standing = { location, sequence: sequence ?? 0, timestamp: 0 }
  return isBelow(standing, options) || isAbove(standing, options)
}

function isBelow(item: Omit<Shown, 'data'>, { from, after }: ScanOptions): boolean {
  return (from !== undefined && compare(item, from) < 0) || (after !== undefined && compare(item, after) <= 0)
}

function isAbove(item: Omit<Shown, 'data'>, { to }: ScanOptions): boolean {
  return to !== undefined && compare(item, to) >= 0
}

function compare(item: Omit<Shown, 'data'>, point: ScanPoint): number {
  if ('location' in point) return compareLocations(item.location, point.location)
  return 'sequence' in point ? item.sequence - point.sequence : item.timestamp - point.time
}

export function describeScan({ from, after, to, reverse, buffered }: ScanOptions): string {
  const words = [reverse && 'reverse', buffered && 'buffered']
  for (const [name, point] of Object.entries({ from, after, to })) if (point) words.push(`${name} ${JSON.stringify(point)}`)
  return words.filter(Boolean).join(' ')
}
