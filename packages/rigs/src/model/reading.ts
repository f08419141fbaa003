import type { ScanOptions, ScanPoint } from '@varve/core'
import fc from 'fast-check'
import type { PlacedEntry } from '../watch/entry.js'
import { lookBeside } from '../watch/look-beside.js'
import { describeScan, watchedScan } from '../watch/watched-scan.js'
import { Follower } from './follower.js'
import { around, choice, pace } from './parameters.js'
import { StoreCommand } from './store-command.js'
import type { World } from './world.js'

const wait = fc.boolean()
/** Enough for a cache to take in what lies there, and to be asked. */
const OFTEN = 5

/** Any place in the order of adding, of an item that is there or was. */
interface BoundChoice {
  readonly kind: 'none' | 'from' | 'after' | 'to'
  readonly by: 'location' | 'sequence' | 'time'
  readonly n: number
}

const bound = fc.record({
  kind: fc.constantFrom('none' as const, 'from' as const, 'after' as const, 'to' as const),
  by: fc.constantFrom('location' as const, 'sequence' as const, 'time' as const),
  n: choice,
})

function pointOf({ account, clock }: World, { by, n }: BoundChoice): ScanPoint | undefined {
  if (by === 'sequence') return { sequence: n }
  if (by === 'time') return { time: clock.now() - n * 100 }
  const entry = around(account.placed(), n)
  return entry && { location: entry.location }
}

function boundsOf(world: World, choices: readonly BoundChoice[]): ScanOptions {
  const options: { -readonly [Name in keyof ScanOptions]: ScanOptions[Name] } = {}
  for (const choice of choices) {
    const point = pointOf(world, choice)
    if (choice.kind === 'none' || !point || (choice.kind !== 'to' && (options.from || options.after))) continue
    options[choice.kind] = point
  }
  return options
}

function reading(
  words: string,
  { wait, pace }: { readonly wait: boolean; readonly pace: number },
  operation: (world: World) => Promise<unknown>,
): StoreCommand {
  return new StoreCommand({ words: wait ? words : `begin ${words}`, pace, act: (world) => world.do(words, () => operation(world), wait) })
}

function one(verb: 'read' | 'readSync' | 'readStream'): fc.Arbitrary<StoreCommand> {
  return fc.record({ n: choice, times: fc.constantFrom(1, OFTEN), wait, pace }).map((chosen) =>
    reading(`${verb} item ${chosen.n}${chosen.times > 1 ? `, ${chosen.times} times` : ''}`, chosen, async ({ account, store }) => {
      const entry: PlacedEntry | undefined = around(account.placed(), chosen.n)
      for (let time = 0; entry && time < chosen.times; time++) await store[verb](entry)
    }),
  )
}

/** Everything that looks at a store and changes nothing. */
export const readingCommands: readonly fc.Arbitrary<StoreCommand>[] = [
  one('read'),
  one('readSync'),
  one('readStream'),
  fc.record({ wait, pace }).map((chosen) => reading('readMany of all', chosen, ({ store, account }) => store.readMany(account.stored()))),
  fc.record({ bounds: fc.array(bound, { maxLength: 2 }), reverse: fc.boolean(), buffered: fc.boolean(), wait, pace }).map((chosen) => {
    const { bounds, reverse, buffered } = chosen
    const words = `scan ${describeScan({ reverse, buffered })} ${bounds.map(({ kind, by, n }) => `${kind} ${by} ${n}`).join(' ')}`
    return reading(words, chosen, (world) => watchedScan(world.store, { reverse, buffered, ...boundsOf(world, bounds) }))
  }),
  fc.record({ bounds: fc.array(bound, { maxLength: 1 }), buffered: fc.boolean(), pace }).map(
    ({ bounds, buffered, pace }) =>
      new StoreCommand({
        words: `follow ${buffered ? 'buffered ' : ''}${bounds.map(({ kind, by, n }) => `${kind} ${by} ${n}`).join(' ')}`,
        pace,
        act: async (world) => world.accompany(new Follower(world.store, { buffered, ...boundsOf(world, bounds) })),
      }),
  ),
  fc
    .record({ pace })
    .map(
      ({ pace }) =>
        new StoreCommand({ words: 'look from beside', pace, act: ({ disk, settings, account }) => lookBeside(disk, settings, account) }),
    ),
]
