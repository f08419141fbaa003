import type { CallKind } from '@varve/backend/faults'
import fc from 'fast-check'
import { pace } from './parameters.js'
import { StoreCommand } from './store-command.js'

const kinds: readonly CallKind[] = [
  'append',
  'append',
  'sync',
  'sync',
  'read',
  'readSync',
  'open',
  'create',
  'truncate',
  'replace',
  'remove',
  'size',
  'close',
  'list',
  'lock',
]

const restart = fc.boolean()

const fault = fc
  .record({ kind: fc.constantFrom(...kinds), choice: fc.nat(9), after: fc.nat(2), times: fc.constantFrom(1, 1, 2, 20), pace })
  .map(
    ({ pace, ...fault }) =>
      new StoreCommand({
        words: `fault ${fault.choice} of ${fault.times} calls of ${fault.kind} behind the next ${fault.after}`,
        pace,
        act: async ({ gates }) => gates.arm(fault),
      }),
  )

/** Everything that happens to a store from outside, and its starts and stops. */
export const upsettingCommands: readonly fc.Arbitrary<StoreCommand>[] = [
  // The one thing that has to come often for two of them to meet.
  fault,
  fault,
  fault,
  fault,
  fc
    .record({ calls: fc.integer({ min: 1, max: 12 }), pace })
    .map(({ calls, pace }) => new StoreCommand({ words: `${calls} calls go on`, pace, act: (world) => world.letGo(calls) })),
  fc.record({ pace }).map(({ pace }) => new StoreCommand({ words: 'everything comes to its end', pace, act: (world) => world.quiesce() })),
  fc
    .record({ milliseconds: fc.constantFrom(1, 200, 1000, 6000), pace })
    .map(
      ({ milliseconds, pace }) =>
        new StoreCommand({ words: `${milliseconds} ms pass`, pace, act: async ({ clock }) => clock.advance(milliseconds) }),
    ),
  fc.record({ milliseconds: fc.constantFrom(-3_600_000, 3_600_000), pace }).map(
    ({ milliseconds, pace }) =>
      new StoreCommand({
        words: `the time of day jumps by ${milliseconds} ms`,
        pace,
        act: async ({ clock }) => clock.jump(milliseconds),
      }),
  ),
  fc.record({ restart, pace }).map(
    ({ restart, pace }) =>
      new StoreCommand({
        words: `kill${restart ? ' and start' : ''}`,
        pace,
        act: (world) => world.kill().then(() => world.startIf(restart)),
      }),
  ),
  fc.record({ seed: fc.nat(1_000_000), restart, pace }).map(
    ({ seed, restart, pace }) =>
      new StoreCommand({
        words: `power loss ${seed}${restart ? ' and start' : ''}`,
        pace,
        act: (world) => world.losePower(seed).then(() => world.startIf(restart)),
      }),
  ),
  fc.record({ restart, pace }).map(
    ({ restart, pace }) =>
      new StoreCommand({
        words: `stop${restart ? ' and start' : ''}`,
        pace,
        act: (world) => world.stop().then(() => world.startIf(restart)),
      }),
  ),
  fc.record({ pace }).map(({ pace }) => new StoreCommand({ words: 'the lock is lost', pace, act: async (world) => world.loseLock() })),
  fc.record({ pace }).map(({ pace }) => new StoreCommand({ words: 'start', when: 'stopped', pace, act: (world) => world.startIf(true) })),
  fc
    .record({ pace })
    .map(({ pace }) => new StoreCommand({ words: 'reopen twice', when: 'stopped', pace, act: (world) => world.openTwice() })),
]
