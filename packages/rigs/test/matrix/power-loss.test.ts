import { describe, expect, test } from 'vitest'
import { explore } from '../../src/crash/explore.js'
import { Tally } from '../../src/crash/tally.js'
import type { Operation } from '../../src/programs/operation.js'
import type { Program, StoreSettings } from '../../src/programs/program.js'
import { printCount } from '../print-count.js'

const files: readonly Operation[] = [{ do: 'start' }, { do: 'transaction', sizes: [90, 60, 90, 90, 60, 90, 90] }]
const durable: Operation = { do: 'add', sizes: [30], durable: true }
// The shortest step is the drop of a first file: it removes a name, and nothing else is in doubt.
const LEAST_STATES = 15
const few = { sectorSize: 64, maxSectors: 3, maxSubsets: 8, maxCombinations: 8, samples: 2 }

async function states(
  known: number,
  operations: readonly Operation[],
  durability: 'sync' | 'os' = 'sync',
  deeperOneIn = 40,
): Promise<number> {
  const settings = { maxFileSize: 512, maxBufferItems: 3, durability }
  return statesOf({ operations, settings, seed: 77 }, known, deeperOneIn)
}

async function statesOf(program: Program, known = 0, deeperOneIn = 40): Promise<number> {
  const tally = new Tally()
  await explore(program, { tally, states: few, known, deeperOneIn })
  return tally.states
}

// A few programs for each step that a power cut can interrupt; the exhaustive ones are the crash rig's.
describe('power lost at any instant leaves every acknowledged item, and the rest whole or absent', () => {
  test.each<[string, number, readonly Operation[]]>([
    ['while a store is made and adds are flushed', 0, [{ do: 'start' }, { do: 'add', sizes: [20, 50] }, durable, { do: 'flush' }]],
    [
      'during a transaction across files, which is whole or absent',
      1,
      [{ do: 'start' }, durable, { do: 'transaction', sizes: [90, 90, 90, 90, 90] }, durable],
    ],
    ['at any step of a rotation', 2, [{ do: 'start' }, durable, { do: 'rotate' }, durable]],
    ['at any step of a stop and of the start after it', 2, [{ do: 'start' }, durable, { do: 'stop' }, { do: 'start' }, durable]],
    ['at any step of an ltrim, which is not undone once acknowledged', 2, [...files, { do: 'ltrim', file: 0, item: 1 }, durable]],
    ['at any step of an rtrim, which is not undone once acknowledged', 2, [...files, { do: 'rtrim', file: 0, item: 1 }, durable]],
    [
      'at any step of an rtrim of the last file, whose positions are not used again',
      2,
      [...files, { do: 'rtrim', file: -1, item: 1 }, durable],
    ],
    ['at any step of a drop of the first file', 2, [...files, { do: 'drop', file: 0 }, durable]],
    [
      'at any step of a drop in the middle, and of the drop that frees its stub',
      2,
      [...files, { do: 'drop', file: 1 }, { do: 'drop', file: 0 }, durable],
    ],
    ['at any step of a drop of the last file, whose index is not used again', 2, [...files, { do: 'drop', file: -1 }, durable]],
  ])('%s', async (_, known, operations) => {
    const tried = await states(known, operations)
    printCount('crash states', tried)
    expect(tried).toBeGreaterThan(LEAST_STATES)
  })

  // On a medium that takes space ahead, as the file of a cursor is written anew each time.
  test('at any step of a commit, after which the cursor is there and nowhere else', async () => {
    const tried = await statesOf({
      operations: [
        { do: 'start' },
        durable,
        { do: 'commit', back: 0 },
        durable,
        durable,
        { do: 'commit', back: 1 },
        { do: 'commit', back: 0 },
      ],
      settings: { maxFileSize: 512 },
      preallocation: 24,
      seed: 78,
    })
    printCount('crash states', tried)
    expect(tried).toBeGreaterThan(LEAST_STATES)
  })

  test.each<[string, NonNullable<StoreSettings['retention']>]>([
    ['keeps as many files as it is told to', { maxFiles: 2 }],
    ['keeps what its cursor is not behind', { maxFiles: 1, cursors: ['reader'] }],
  ])('at any step of what a retention drops, which %s', async (_, retention) => {
    const rotate: Operation = { do: 'rotate' }
    const commit: Operation = { do: 'commit', back: 2 }
    const tried = await statesOf({
      operations: [{ do: 'start' }, rotate, rotate, commit, rotate, { do: 'together', operations: [commit, rotate] }, rotate, durable],
      settings: { maxFileSize: 512, retention },
      seed: 79,
    })
    printCount('crash states', tried)
    expect(tried).toBeGreaterThan(LEAST_STATES)
  })

  test('and where flushes are left to the operating system', async () => {
    const tried = await states(1, [{ do: 'start' }, { do: 'add', sizes: [20, 50, 60] }, durable, { do: 'rotate' }, { do: 'stop' }], 'os')
    printCount('crash states', tried)
    expect(tried).toBeGreaterThan(LEAST_STATES)
  })

  test('during recovery, in the recovery of what that leaves, and in that one’s: the same as after one undisturbed recovery', async () => {
    const tried = await states(1, [{ do: 'start' }, durable, { do: 'transaction', sizes: [90, 90, 90, 90, 90] }], 'sync', 4)
    printCount('crash states', tried)
    expect(tried).toBeGreaterThan(LEAST_STATES)
  })
})
