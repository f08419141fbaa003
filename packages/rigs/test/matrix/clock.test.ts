import { powerLossBackend } from '@varve/backend/faults'
import { Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/programs/manual-clock.js'
import { afterPowerCut, contentOf, opened } from './opened.js'

const LATE = 1_800_000_000_000
const EARLY = 1_700_000_000_000

async function timesOf(store: Varve): Promise<number[]> {
  const times: number[] = []
  for await (const { timestamp } of store.scan()) times.push(timestamp)
  return times
}

describe('a clock that jumps back', () => {
  test('between two flushes: file times never go backwards', async () => {
    let now = LATE
    const clock = new ManualClock(LATE)
    const store = new Varve(powerLossBackend(), {}, { now: () => now, after: clock.after.bind(clock) })
    await store.start()
    await store.add(contentOf(1, 10), { durable: true })
    now = EARLY
    await store.add(contentOf(2, 10), { durable: true })
    expect(await timesOf(store)).toEqual([LATE, LATE])
    await store.stop()
  })

  test('between a crash and the next start: file times never go backwards', async () => {
    const disk = powerLossBackend()
    await (await opened(disk, {}, new ManualClock(LATE))).add(contentOf(1, 10), { durable: true })
    const store = await opened(afterPowerCut(disk), {}, new ManualClock(EARLY))
    await store.add(contentOf(2, 10), { durable: true })
    expect(await timesOf(store)).toEqual([LATE, LATE])
  })

  test('between a crash right behind a rotation and the next start: file times never go backwards', async () => {
    const disk = powerLossBackend()
    const options = { maxFileSize: 512 }
    const store = await opened(disk, options, new ManualClock(LATE))
    await store.add(contentOf(1, 250), { durable: true })
    let cut: ReturnType<typeof afterPowerCut> | undefined
    // The moment at which the next file is there, and nothing in it but its header.
    disk.onStep(({ kind, name, phase }) => {
      if (kind === 'sync' && name === 'data00001.dat' && phase === 'after') cut ??= afterPowerCut(disk)
    })
    await store.add(contentOf(2, 250), { durable: true })
    const again = await opened(cut as ReturnType<typeof afterPowerCut>, options, new ManualClock(EARLY))
    expect(await again.add(contentOf(3, 250), { durable: true })).toMatchObject({ index: 1 })
    expect(await timesOf(again)).toEqual([LATE, LATE])
  })
})
