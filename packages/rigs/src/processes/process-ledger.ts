import type { Location } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { assertInOrder, assertNoGaps, assertNoHoles, assertWhole, describe, type LedgerEntry, settleRemovals } from './kept.js'
import { idOf, type Mark } from './marked-item.js'
import { covers, type Removal, Removals } from './removals.js'
import type { Report, ShownItem } from './report.js'

/** How much was told. */
export interface LedgerCounts {
  /** Looks at the whole store. */
  looks: number
  /** Items that got a place, and those of them that a life's end took: none of them had been acknowledged as durable. */
  accepted: number
  lost: number
  /** Items acknowledged as durable. */
  durable: number
  /** Transactions of which a look has shown something. */
  transactions: number
  removals: number
  /** Removals that a life's end interrupted, and that were found done. */
  interruptedRemovalsDone: number
  interruptedRemovals: number
  refused: number
}

// What is kept of removed places, for a reader to try.
const REMOVED_KEPT = 200
const PLACES_KEPT = 200_000

/**
 * What a store was given and what it said about that, as its processes reported it before they ended, however they did. At every look at the whole store
 * it says whether the promise was kept, with a {@link BrokenPromise} where it was not.
 */
export class ProcessLedger {
  readonly removals = new Removals()
  readonly counts: LedgerCounts = {
    looks: 0,
    accepted: 0,
    lost: 0,
    durable: 0,
    transactions: 0,
    removals: 0,
    interruptedRemovalsDone: 0,
    interruptedRemovals: 0,
    refused: 0,
  }
  #entries = new Map<string, LedgerEntry>()
  #pending: Removal[] = []
  #frontier = 0
  #life = 0
  /** Of an earlier life nothing can be there any more but what was there at the last look. */
  #since = 0
  #stopped = false
  #excused = new Map<string, Set<number>>()
  /** Of members of transactions; what is removed later is still asked for by those who read before. */
  readonly #places = new Map<string, Location>()
  #removed: LedgerEntry[] = []
  #shown: readonly ShownItem[] = []

  /** No life has this number or a higher one. */
  get nextLife(): number {
    return this.#life + 1
  }

  /** What the last look has shown. */
  get shown(): readonly ShownItem[] {
    return this.#shown
  }

  /** Places of items that were removed: nothing may be read there. */
  get removed(): readonly LedgerEntry[] {
    return this.#removed
  }

  /** Where a member of a transaction was, if anybody was told. */
  readonly placeOf = ({ life, group, member }: Pick<Mark, 'life' | 'group' | 'member'>): Location | undefined => {
    return this.#places.get(`${life}/${group}/${member}`)
  }

  take(report: Report): void {
    switch (report.is) {
      case 'opening':
        this.#life = report.life
        this.#stopped = false
        break
      case 'accepted':
        this.counts.accepted += report.items.length
        for (const { mark, location } of report.items) {
          this.#entries.set(idOf(mark), { mark, location, certain: false })
          this.#notePlace(mark, location)
          if (report.durable || this.#stopped) this.#acknowledge(idOf(mark))
        }
        break
      case 'durable':
        for (const number of report.numbers) this.#acknowledge(idOf({ life: this.#life, number }))
        break
      case 'frontier':
        this.#frontier = Math.max(this.#frontier, report.sequence)
        break
      case 'removing':
        this.#pending.push(report.removal)
        this.removals.begin(report.removal)
        break
      case 'removed':
        this.#endRemoval(report.removal)
        break
      case 'stopped':
        this.#stopped = true
        // What an earlier life left behind is known by the next look only.
        for (const { mark } of this.#entries.values()) if (mark.life === this.#life) this.#acknowledge(idOf(mark))
        break
      case 'refused':
        this.counts.refused++
        break
      case 'observed':
        this.#look(report.items, report.next)
        break
      case 'broken':
        throw new BrokenPromise(report.how)
      default:
    }
  }

  #acknowledge(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry) throw new Error(`item ${id} is said to be durable, though nobody said where it is`)
    if (!entry.certain) this.counts.durable++
    entry.certain = true
  }

  #notePlace({ life, group, member }: Mark, location: Location): void {
    if (group === 0) return
    this.#places.set(`${life}/${group}/${member}`, location)
    if (this.#places.size > PLACES_KEPT) for (const key of this.#places.keys()) return void this.#places.delete(key)
  }

  #endRemoval({ kind, index, position }: Removal): void {
    const n = this.#pending.findIndex((removal) => removal.kind === kind && removal.index === index && removal.position === position)
    if (n < 0) throw new Error(`a ${kind} of file ${index} has ended that nobody began`)
    this.#pending.splice(n, 1)
    this.removals.end({ kind, index, position })
    this.counts.removals++
  }

  /** Holds all that the store shows against all that was promised; from here on what it shows is promised. */
  #look(shown: readonly ShownItem[], next: number): void {
    assertInOrder(shown, next)
    if (next < this.#frontier) {
      throw new BrokenPromise(`the next sequence is ${next}, though everything before ${this.#frontier} was said to be durable`)
    }
    for (const item of shown) this.#assertMayBeThere(item)
    const ids = new Set(shown.map(idOf))
    const isShown = ({ mark }: LedgerEntry): boolean => ids.has(idOf(mark))
    const left = [...this.#entries.values()].filter(({ location }) => !this.removals.cover(location))
    const done = settleRemovals(this.#pending, left, isShown)
    const lost = left.filter((entry) => !isShown(entry) && !this.#pending.some((removal) => covers(removal, entry.location)))
    assertNoHoles(shown, lost, this.#since)
    this.counts.interruptedRemovals += this.#pending.length
    this.counts.interruptedRemovalsDone += done.length
    for (const removal of done) this.removals.end(removal)
    assertNoGaps(shown, next, this.removals)
    this.#excused = assertWhole(shown, { removals: this.removals, placeOf: this.placeOf, excused: this.#excused })
    this.#settle(shown, next, lost.length)
  }

  #assertMayBeThere(item: ShownItem): void {
    const entry = this.#entries.get(idOf(item))
    if (this.removals.cover(item.location)) throw new BrokenPromise(`${describe(item)} is there, though it was removed`)
    if (!entry) {
      if (item.life < this.#since || item.life > this.#life) {
        throw new BrokenPromise(`${describe(item)} is there, though it was not when the store was opened in life ${this.#since}`)
      }
      return
    }
    const { location, sequence = item.sequence } = entry
    const isSame =
      location.index === item.location.index && location.position === item.location.position && location.size === item.location.size
    if (!isSame || sequence !== item.sequence)
      throw new BrokenPromise(`${describe(item)} was ${describe({ ...entry.mark, ...entry })} before`)
  }

  #settle(shown: readonly ShownItem[], next: number, lost: number): void {
    const before = [...this.#entries.values()].filter(({ location }) => this.removals.cover(location))
    this.#removed = [...this.#removed, ...before].slice(-REMOVED_KEPT)
    this.#entries = new Map()
    const groups = new Set<string>()
    for (const { location, sequence, ...mark } of shown) {
      this.#entries.set(idOf(mark), { mark, location, sequence, certain: true })
      this.#notePlace(mark, location)
      if (mark.group !== 0 && mark.life >= this.#since) groups.add(`${mark.life}/${mark.group}`)
    }
    this.counts.transactions += groups.size
    this.counts.looks++
    this.counts.lost += lost
    this.#shown = shown
    this.#pending = []
    this.#frontier = Math.max(this.#frontier, next)
    this.#since = this.#life
  }
}
