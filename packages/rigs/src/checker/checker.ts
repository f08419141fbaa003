import type { CrashState } from '@varve/backend/faults'
import type { LedgerBase, PlacedItem } from '../programs/ledger.js'
import type { StoreSettings } from '../programs/program.js'
import { assertKept } from './agree.js'
import { BrokenPromise } from './broken-promise.js'
import type { Expectation } from './expectation.js'
import { type Inspection, inspect, type UsedRecoveries } from './inspect.js'
import { describe, recognise } from './sighting.js'

/** What came out of a recovery: the start of another ledger. */
export type Recovered = LedgerBase

/** Holds states that power cuts left against what was promised. What a state shows is looked up once, however often it comes. */
export class Checker {
  readonly #settings: StoreSettings
  readonly #used: UsedRecoveries
  readonly #inspections = new Map<string, Inspection>()

  constructor(settings: StoreSettings, used: UsedRecoveries = new Map()) {
    this.#settings = settings
    this.#used = used
  }

  /** Recovers the state and throws where anything of the promise is broken. */
  async check(state: CrashState, expected: Expectation): Promise<Recovered> {
    let inspection = this.#inspections.get(state.hash)
    if (!inspection) {
      inspection = await inspect(state.backend(), expected.items, this.#settings, this.#used)
      this.#inspections.set(state.hash, inspection)
    }
    return judge(inspection, expected)
  }
}

function judge({ raw, recovered, next, nextPlace }: Inspection, expected: Expectation): Recovered {
  const shown = recognise(recovered, expected.items)
  const removed = assertKept(expected, shown, next)
  const before = sequencesOf(recognise(raw ?? [], expected.items))
  if (before !== sequencesOf(shown)) throw new BrokenPromise(`before recovery a reader sees the sequences ${before}; after it there are ${sequencesOf(shown)}`)
  const items = expected.items.slice(0, next)
  const last = items[expected.least - 1]
  if (last && !isBehind(nextPlace, last.location)) {
    throw new BrokenPromise(`the next item is placed at ${nextPlace.index}:${nextPlace.position}, not behind the acknowledged ${describe(last)}`)
  }
  return { items, removed, next }
}

function sequencesOf(items: readonly PlacedItem[]): string {
  return items.map(({ sequence }) => sequence).join()
}

function isBehind(place: PlacedItem['location'], { index, position, size }: PlacedItem['location']): boolean {
  return place.index > index || (place.index === index && place.position >= position + size)
}
