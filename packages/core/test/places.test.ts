import { readFiles } from '@varve/backend/faults'
import { formatLocation, type Location, Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { expect, test } from 'vitest'
import { decodeStore } from './format/reference-decoder.js'
import { item } from './support/items.js'

// An item that the buffer can't hold gets its place only when it is written; until then nobody else may take one.
const options = { maxFileSize: 1024, maxBufferSize: 400, overwrite: true }
const LARGE = 500

interface Stored {
  readonly location: Location
  readonly data: Uint8Array
}

/** Checks that every item is where its location says, in memory, in the files, and to a reader that knows FORMAT.md alone. */
async function expectInPlace(db: Varve, backend: ReturnType<typeof memoryBackend>, stored: readonly Stored[]): Promise<void> {
  for (const { location, data } of stored) expect(await db.read(location), formatLocation(location)).toEqual(data)
  await db.stop()
  const found = decodeStore(await readFiles(backend)).flatMap(({ index, blocks }) =>
    blocks.flatMap(({ records }) =>
      records.map(({ position, payload }) => ({ location: { index, position, size: payload.length }, data: payload })),
    ),
  )
  const inOrder = [...stored].sort((a, b) => a.location.index - b.location.index || a.location.position - b.location.position)
  expect(found).toEqual(inOrder)
}

const steps: Record<string, (db: Varve, seed: number) => Promise<Stored[]>> = {
  small: async (db, seed) => [{ data: item(100, seed), location: await db.add(item(100, seed)) }],
  durable: async (db, seed) => [{ data: item(90, seed), location: await db.add(item(90, seed), { durable: true }) }],
  large: async (db, seed) => [{ data: item(LARGE, seed), location: await db.add(item(LARGE, seed)) }],
  'large and durable': async (db, seed) => [{ data: item(LARGE, seed), location: await db.add(item(LARGE, seed), { durable: true }) }],
  transaction: async (db, seed) => {
    const datas = [150, 150, 150].map((size, n) => item(size, seed + n))
    const transaction = db.transaction()
    for (const data of datas) transaction.add(data)
    return (await transaction.commit()).map((location, n) => ({ location, data: datas[n]! }))
  },
}
const names = Object.keys(steps)

test.each(names.flatMap((first) => names.map((second) => [first, second])))(
  'are given out one after the other: %s, and in the same turn %s',
  async (first, second) => {
    const backend = memoryBackend()
    const db = await Varve.open(backend, options)
    const stored: Stored[] = []
    for (let round = 0; round < 4; round++) {
      const added = [first, second, first].map((name, n) => steps[name!]!(db, 1000 * round + 100 * n))
      stored.push(...(await Promise.all(added)).flat())
    }
    await expectInPlace(db, backend, stored)
  },
)

test('are given out one after the other while the file that is written to is left for a trim', async () => {
  const backend = memoryBackend()
  const db = await Varve.open(backend, options)
  const [first] = await steps.small!(db, 1)
  const [second] = await steps.small!(db, 2)
  const trimmed = db.rtrim(second!.location.index, second!.location.position)
  const added: Stored[] = []
  for (let n = 0; n < 20; n++) added.push(...(await steps.large!(db, 10 + n)))
  // What came into the file before the trim had its turn went with it.
  const removed = [second!, ...added.filter(({ location }) => location.index === second!.location.index)]
  expect(await trimmed).toBe(removed.reduce((sum, { data }) => sum + data.length, 0))
  await expectInPlace(db, backend, [first!, ...added.filter((one) => !removed.includes(one))])
})
