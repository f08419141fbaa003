import type { AsyncCommand } from 'fast-check'
import type { World } from './world.js'

/** What a command may go by before it runs. */
export interface Model {
  readonly isRunning: boolean
}

// One in so many commands on a store that does not run.
const REFUSED = 8

export interface CommandParts {
  readonly words: string
  /** Left out while the store runs. The others are as a rule done on a store that runs: it is started for them. */
  readonly when?: 'stopped'
  /** How calls wait and overlap from here on; see `CallGates`. */
  readonly pace: number
  readonly act: (world: World) => Promise<void>
}

/** Something that happens to a store, or to what it stands on. */
export class StoreCommand implements AsyncCommand<Model, World> {
  readonly #parts: CommandParts

  constructor(parts: CommandParts) {
    this.#parts = parts
  }

  check({ isRunning }: Readonly<Model>): boolean {
    return this.#parts.when !== 'stopped' || !isRunning
  }

  async run(_: Model, world: World): Promise<void> {
    const { words, pace, act } = this.#parts
    world.gates.pace = pace
    // Now and then it stays as it is: then it has to refuse by name what is asked of it.
    if (this.#parts.when === undefined && !world.store.isRunning && pace % REFUSED !== REFUSED - 1) await world.start()
    await act(world)
    world.assertKept()
    // Whatever has happened so far: what was acknowledged survives a power cut now.
    await world.peekAfterPowerCut(pace)
    world.count(words)
  }

  toString(): string {
    const { words, pace } = this.#parts
    return pace === 0 ? words : `${words} [${pace}]`
  }
}
