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
    this.#settings = settings
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

function judge({ raw, recovered, next, nextPlace }: Inspection, expected: Expectation): Recovered {
  const after = judgeRecovered(recovered, next, expected)
  const [before, shown] = [raw ?? [], recovered].map((sightings) => sightings.map(({ sequence }) => sequence).join())
  recognise(raw ?? [], expected.items)
  if (raw && before !== shown) throw new BrokenPromise(`before recovery a reader sees the sequences ${before}; after it there are ${shown}`)
  const last = after.items[expected.least - 1]
  if (last && !isBehind(nextPlace, last.location)) {
    throw new BrokenPromise(
      `the next item is placed at ${nextPlace.index}:${nextPlace.position}, not behind the acknowledged ${describe(last)}`,
    )
  }
  return after
}

/** Throws where what a recovered store shows, with `next` as the sequence of the next item, is not what was promised. */
export function judgeRecovered(recovered: readonly Sighting[], next: number, expected: Expectation): Recovered {
  const removed = assertKept(expected, recognise(recovered, expected.items), next)
  return { items: expected.items.slice(0, next), removed, next }
}

function isBehind(place: PlacedItem['location'], { index, position, size }: PlacedItem['location']): boolean {
  return place.index > index || (place.index === index && place.position >= position + size)
}
