import fc from 'fast-check'
import { around, choice, pace } from './parameters.js'
import { StoreCommand } from './store-command.js'
import type { World } from './world.js'

/** What a consumer of the items does. */
export const consumingCommands: readonly fc.Arbitrary<StoreCommand>[] = [
  fc.record({ n: choice, wait: fc.boolean(), pace }).map(({ n, wait, pace }) => {
    const words = `move the cursor behind durable item ${n}`
    return new StoreCommand({
      words: wait ? words : `begin to ${words}`,
      pace,
      act: (world) => world.do(words, () => moveCursor(world, n), wait),
    })
  }),
]

async function moveCursor({ store, account }: World, n: number): Promise<unknown> {
  const durable = account.placed().flatMap(({ state, sequence }) => (state === 'durable' && sequence !== undefined ? [sequence] : []))
  const sequence = around(durable, n)
  return sequence === undefined ? undefined : store.moveCursor(sequence)
}
