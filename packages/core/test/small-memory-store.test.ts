import { Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { expect, test } from 'vitest'

// What a unit test does that uses a store for a moment.
async function openFillStop(): Promise<void> {
  const db = await Varve.open(memoryBackend())
  for (let n = 0; n < 20; n++) await db.add(new Uint8Array(100).fill(n))
  await db.stop()
}

test('opening, filling and stopping a small store in memory takes about a millisecond', async () => {
  const times: number[] = []
  for (let n = 0; n < 300; n++) {
    const start = performance.now()
    await openFillStop()
    times.push(performance.now() - start)
  }
  const median = times.sort((a, b) => a - b)[150] as number
  process.stdout.write(`opening, filling (20 items of 100 B) and stopping a store in memory: median ${median.toFixed(2)} ms\n`)
  // Far above what it takes: a busy machine must not fail the test, a wait for a timer must.
  expect(median).toBeLessThan(10)
})
