import type { CrashState } from '@varve/backend/faults'
import type { LedgerBase, PlacedItem } from '../programs/ledger.js'
import type { StoreSettings } from '../programs/program.js'
import { assertKept } from './agree.js'
import { BrokenPromise } from './broken-promise.js'
import type { Expectation } from './expectation.js'
import { type Inspection, inspect, type UsedRecoveries } from './inspect.js'
import { describe, recognise, type Sighting } from './sighting.js'

// A reader before the recovery takes as long as the recovery. A state's hash says whether there is one, so that a seed replays it.
const READ_FIRST_ONE_IN = 2

/** What came out of a recovery: the start of another ledger. */
export type Recovered = LedgerBase

/** Holds states that power cuts left against what was promised. What a state shows is looked up once, however often it comes. */
export class Checker {
  readonly #settings: StoreSettings
  readonly #used: UsedRecoveries
  readonly #inspections = new Map<string, Inspection>()

  constructor(settings: StoreSettings, used: UsedRecoveries = new Map()) {
    // What it drops on its own would go while it is looked at.
    this.#settings = { ...settings, retention: {} }
    this.#used = used
  }

  /** Recovers the state and throws where anything of the promise is broken. */
  async check(state: CrashState, expected: Expectation): Promise<Recovered> {
    let inspection = this.#inspections.get(state.hash)
    if (!inspection) {
      const readFirst = Number.parseInt(state.hash.slice(-1), 16) % READ_FIRST_ONE_IN === 0
      inspection = await inspect(state.backend(), { items: expected.items, settings: this.#settings, used: this.#used, readFirst })
      this.#inspections.set(state.hash, inspection)
    }
    return judge(inspection, expected)
  }
}

function judge({ raw, recovered, next, nextPlace, cursor, rawCursor = cursor }: Inspection, expected: Expectation): Recovered {
  const after = judgeRecovered({ items: recovered, next, cursor }, expected)
  const [before, shown] = [raw ?? [], recovered].map((sightings) => sightings.map(({ sequence }) => sequence).join())
  recognise(raw ?? [], expected.items)
  if (raw && before !== shown) throw new BrokenPromise(`before recovery a reader sees the sequences ${before}; after it there are ${shown}`)
  if (rawCursor !== cursor)
    throw new BrokenPromise(`before recovery a reader finds the cursor at ${rawCursor}; after it, it is at ${cursor}`)
  const last = after.items[expected.least - 1]
  if (last && !isBehind(nextPlace, last.location)) {
    throw new BrokenPromise(
      `the next item is placed at ${nextPlace.index}:${nextPlace.position}, not behind the acknowledged ${describe(last)}`,
    )
  }
  return after
}

/** What a recovered store shows. */
export interface Shown {
  readonly items: readonly Sighting[]
  /** The sequence of the next item. */
  readonly next: number
  /** Where the cursor is, by its file. */
  readonly cursor: number
}

/** Throws where what a recovered store shows is not what was promised. */
export function judgeRecovered({ items, next, cursor }: Shown, expected: Expectation): Recovered {
  const removed = assertKept(expected, recognise(items, expected.items), next)
  assertCursorKept({ next, cursor, removed }, expected)
  return { items: expected.items.slice(0, next), removed, next, cursor }
}

function assertCursorKept({ next, cursor, removed }: Pick<Recovered, 'next' | 'cursor' | 'removed'>, expected: Expectation): void {
  const { least, most } = expected.cursor
  if (cursor < least) throw new BrokenPromise(`the cursor is at ${cursor}, though it was moved to ${least}`)
  if (cursor > most) throw new BrokenPromise(`the cursor is at ${cursor}, though it was never moved beyond ${most}`)
  if (cursor > next) throw new BrokenPromise(`the cursor is at ${cursor}, and the next item is ${next}`)
  const missed = [...expected.awaiting].find((sequence) => sequence >= cursor && removed.has(sequence))
  if (missed !== undefined)
    throw new BrokenPromise(`sequence ${missed} is gone, which the retention was to keep for the cursor at ${cursor}`)
}

function isBehind(place: PlacedItem['location'], { index, position, size }: PlacedItem['location']): boolean {
  return place.index > index || (place.index === index && place.position >= position + size)
}
