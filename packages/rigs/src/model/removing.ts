import fc from 'fast-check'
import { contentOf } from '../programs/item-content.js'
import type { PlacedEntry } from '../watch/entry.js'
import type { Outcome } from '../watch/watched-store.js'
import { around, choice, pace } from './parameters.js'
import { StoreCommand } from './store-command.js'
import type { World } from './world.js'

const RECORD_HEADER_BYTES = 8

function trim(side: 'left' | 'right'): fc.Arbitrary<StoreCommand> {
  return fc.record({ n: choice, expects: fc.boolean(), wait: fc.boolean(), pace }).map(({ n, expects, wait, pace }) => {
    const words = `${side === 'left' ? 'ltrim up to and with' : 'rtrim from'} item ${n}${expects ? ', which is expected' : ''}`
    return new StoreCommand({
      words: wait ? words : `begin ${words}`,
      pace,
      act: (world) => world.do(words, () => trimAt(world, side, n, expects), wait),
    })
  })
}

async function trimAt({ store, account }: World, side: 'left' | 'right', n: number, expects: boolean): Promise<Outcome> {
  const entry = around(account.stored(), n)
  if (!entry) return undefined
  const { index, position, size } = entry.location
  const at = side === 'left' ? position + RECORD_HEADER_BYTES + size : position
  return store.trim(side, index, at, expects ? contentOf(entry.number, entry.size) : undefined)
}

/** Everything that takes items away. */
export const removingCommands: readonly fc.Arbitrary<StoreCommand>[] = [
  trim('left'),
  trim('right'),
  fc.record({ n: choice, wait: fc.boolean(), pace }).map(({ n, wait, pace }) => {
    const words = `drop the file of item ${n}`
    const drop = async ({ store, account }: World): Promise<Outcome> => {
      const entry: PlacedEntry | undefined = around(account.stored(), n)
      return entry && store.drop(entry.location.index)
    }
    return new StoreCommand({ words: wait ? words : `begin ${words}`, pace, act: (world) => world.do(words, () => drop(world), wait) })
  }),
]
