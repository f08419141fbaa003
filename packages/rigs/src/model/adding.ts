import fc from 'fast-check'
import { pace, size, sizes } from './parameters.js'
import { StoreCommand } from './store-command.js'
import type { World } from './world.js'

interface Adding {
  readonly wait: boolean
  readonly pace: number
}

const common = { wait: fc.boolean(), pace }

function adding({ wait, pace }: Adding, words: string, operation: (world: World) => Promise<unknown>): StoreCommand {
  return new StoreCommand({ words: wait ? words : `begin ${words}`, pace, act: (world) => world.do(words, () => operation(world), wait) })
}

/** Everything that puts items in or makes them durable. */
export const addingCommands: readonly fc.Arbitrary<StoreCommand>[] = [
  fc.record({ sizes, durable: fc.boolean(), ...common }).map((choice) => {
    const { sizes, durable } = choice
    return adding(choice, `${durable ? 'durable ' : ''}add ${sizes.join(', ')}`, ({ store }) =>
      Promise.all(sizes.map((size) => store.add(size, { durable }))),
    )
  }),
  fc.record({ sizes, durable: fc.boolean(), ...common }).map((choice) => {
    const { sizes, durable } = choice
    return adding(choice, `${durable ? 'durable ' : ''}addMany ${sizes.join(', ')}`, ({ store }) => store.addMany(sizes, { durable }))
  }),
  fc.record({ size, durable: fc.boolean(), ...common }).map((choice) => {
    const { size, durable } = choice
    return adding(choice, `${durable ? 'durable ' : ''}add ${size}, given up`, ({ store }) => {
      const controller = new AbortController()
      const added = store.add(size, { durable, signal: controller.signal })
      controller.abort(new Error('given up'))
      return added
    })
  }),
  fc
    .record({ sizes, ...common })
    .map((choice) => adding(choice, `transaction ${choice.sizes.join(', ')}`, ({ store }) => store.commit(choice.sizes))),
  fc.record({ first: sizes, second: sizes, ...common }).map((choice) => {
    const { first, second } = choice
    return adding(choice, `two transactions at once, ${first.join(', ')} and ${second.join(', ')}`, ({ store }) =>
      Promise.all([store.commit(first), store.commit(second)]),
    )
  }),
  fc
    .record({ sizes, ...common })
    .map((choice) => adding(choice, `transaction ${choice.sizes.join(', ')}, aborted`, ({ store }) => store.abort(choice.sizes))),
  fc.record(common).map((choice) => adding(choice, 'flush', ({ store }) => store.flush())),
  // It asks for no flush, and with durability 'os' may have to wait for the stop.
  fc.record({ pace }).map(
    ({ pace }) =>
      new StoreCommand({
        words: 'whenDurable of all',
        pace,
        act: async (world) => world.accompany({ ended: world.store.whenDurable(world.account.stored()) }),
      }),
  ),
  fc.record(common).map((choice) => adding(choice, 'rotate', rotate)),
]

// Less than the smallest file holds, and more than half of it.
const FILLER = 180
const MOST_FILLERS = 8

/** Adds until items go to the next file, or until an add fails. */
async function rotate({ store, account }: World): Promise<void> {
  const last = (): number => account.stored().at(-1)?.location.index ?? 0
  const from = last()
  for (let n = 0; n < MOST_FILLERS && last() === from; n++) if (await store.add(FILLER)) return
}
