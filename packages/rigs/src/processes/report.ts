import { writeSync } from 'node:fs'
import type { Location } from '@varve/core'
import type { Mark } from './marked-item.js'
import type { Removal } from './removals.js'

/** An item that a store showed. */
export interface ShownItem extends Mark {
  readonly location: Location
  readonly sequence: number
}

/** An item with its place. */
export interface PlacedMark {
  readonly mark: Mark
  readonly location: Location
}

/** What a process says of the store that it has open, in the order in which it came to pass. */
export type Report =
  /** It is about to open the store for writing: what it adds from here on has this life. */
  | { readonly is: 'opening'; readonly life: number }
  /** It has opened it, and this is all there is, with the sequence of the next item. */
  | { readonly is: 'observed'; readonly items: readonly ShownItem[]; readonly next: number }
  /** The store has given these items their places; `durable`: and has said that they are on stable storage. */
  | { readonly is: 'accepted'; readonly items: readonly PlacedMark[]; readonly durable: boolean }
  /** The store has said of these items of its life that they are on stable storage. */
  | { readonly is: 'durable'; readonly numbers: readonly number[] }
  /** The store has said that everything before this sequence is. */
  | { readonly is: 'frontier'; readonly sequence: number }
  | { readonly is: 'removing' | 'removed' | 'not removed'; readonly removal: Removal }
  /** The store has stopped, and all that it had accepted is on stable storage. */
  | { readonly is: 'stopped' }
  /** It refused something, by name. */
  | { readonly is: 'refused'; readonly operation: string; readonly code: string; readonly message: string }
  /** A follower was shown these items, one after the other. */
  | { readonly is: 'followed'; readonly items: readonly ShownItem[] }
  /** Nothing was read of an item that had been shown before. */
  | { readonly is: 'missed'; readonly item: ShownItem }
  /** A scan that was not to follow ended without the rest of a transaction. */
  | { readonly is: 'cut short'; readonly items: readonly ShownItem[] }
  /** The promise is broken: the process saw it itself. */
  | { readonly is: 'broken'; readonly how: string }
  /** It has come as far as it was asked to. */
  | { readonly is: 'done'; readonly reads: number }

/** A report and when it was made, in milliseconds since the Unix epoch. */
export type TimedReport = Report & { readonly at: number }

/** What is left of a report where the medium may have lied about what is durable: what was tried, without what came of it. */
export function withoutPromise(report: Report): Report | undefined {
  if (report.is === 'accepted') return { ...report, durable: false }
  return ['durable', 'frontier', 'removed', 'stopped', 'observed'].includes(report.is) ? undefined : report
}

/** The descriptor on which a process reports. */
export const REPORT_FD = 3

/** Reports, and is heard even if the process is killed the moment after. */
export function report(what: Report): void {
  const timed: TimedReport = { ...what, at: Date.now() }
  // At once: what a stream still holds dies with its process.
  const line = Buffer.from(`${JSON.stringify(timed)}\n`)
  for (let at = 0; at < line.length; ) at += writeSync(REPORT_FD, line, at)
}
