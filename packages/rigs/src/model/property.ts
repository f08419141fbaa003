import fc from 'fast-check'
import { addingCommands } from './adding.js'
import { consumingCommands } from './consuming.js'
import { settings } from './parameters.js'
import { readingCommands } from './reading.js'
import { removingCommands } from './removing.js'
import type { Model } from './store-command.js'
import type { Tally } from './tally.js'
import { upsettingCommands } from './upsetting.js'
import { World } from './world.js'

// A long run finds what needs much to come together; most mistakes show in a short one, which costs little.
const MOST_COMMANDS = 60

export interface PropertyOptions {
  /** Which of a run's commands are done again: as a failure printed it. */
  readonly replay?: string | undefined
  readonly tally: Tally
}

/** Whatever is done to a store, and whatever happens to what it stands on, it keeps its promise. */
export function storeProperty({ replay, tally }: PropertyOptions) {
  const all = [...addingCommands, ...addingCommands, ...consumingCommands, ...readingCommands, ...removingCommands, ...upsettingCommands]
  const commands = fc.commands<Model, World, false>(all, { maxCommands: MOST_COMMANDS, size: 'max', ...(replay && { replayPath: replay }) })
  return fc.asyncProperty(settings, commands, async (chosen, program) => {
    const world = new World(chosen)
    try {
      await world.start()
      await fc.asyncModelRun(() => ({ model: modelOf(world), real: world }), program)
      await world.finish()
    } finally {
      await world.leave()
      tally.addRun(world)
    }
  })
}

function modelOf(world: World): Model {
  return {
    get isRunning() {
      return world.store.isRunning
    },
  }
}
