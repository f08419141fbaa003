import { fail, faultyBackend, hold, powerLossBackend } from '@varve/backend/faults'
import { type Location, Varve, type VarveError } from '@varve/core'
import { expect, test } from 'vitest'
import { ManualClock } from '../../src/programs/manual-clock.js'
import { contentOf, itemsOf } from './opened.js'

test('a transaction whose first file is synced while the next one is made shows nothing of it', async () => {
  const disk = faultyBackend(powerLossBackend())
  const store = new Varve(disk, { maxFileSize: 512, durability: 'os', maxBufferItems: 1 }, new ManualClock())
  await store.start()
  const first = contentOf(1, 30)
  await store.add(first)
  // Laid down, and not synced: nobody asked for that.
  while ((await store.stats()).flushes === 0) await nextTurn()
  expect((await store.stats()).durableSequence).toBe(0)
  const gate = hold()
  disk.inject({ kind: 'create', fault: gate })
  const transaction = store.transaction()
  const parts = [contentOf(2, 200), contentOf(3, 200)]
  for (const part of parts) transaction.add(part)
  const committed = transaction.commit()
  await gate.reached
  const shown: Uint8Array[] = []
  for await (const { data } of store.scan({ buffered: true })) shown.push(data)
  expect(shown).toEqual([first])
  expect((await itemsOf(store)).length).toBeLessThan(2)
  gate.release()
  expect((await committed).map(({ index }) => index)).toEqual([0, 1])
  expect(await itemsOf(store)).toEqual([first, ...parts])
  await store.stop()
})

test('a transaction that finds no space for its second file is not durable in its first one before all of it is', async () => {
  const disk = faultyBackend(powerLossBackend())
  const store = new Varve(disk, { maxFileSize: 512, durability: 'os', maxBufferItems: 1 }, new ManualClock())
  await store.start()
  await store.add(contentOf(1, 30))
  while ((await store.stats()).flushes === 0) await nextTurn()
  disk.inject({ kind: 'create', fault: fail('NO_SPACE') })
  const transaction = store.transaction()
  for (const part of [contentOf(2, 200), contentOf(3, 200)]) transaction.add(part)
  const refused = await transaction.commit().then(
    () => undefined,
    (error: unknown) => error as VarveError,
  )
  expect(refused).toMatchObject({ code: 'NO_SPACE', pending: true })
  const [first] = (refused as VarveError).locations
  let isDurable = false
  const durable = store.whenDurable(first as Location).then(() => {
    isDurable = true
  })
  for (let turn = 0; turn < 20; turn++) await nextTurn()
  expect(isDurable).toBe(false)
  await store.flush()
  await durable
  await store.stop()
})

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
