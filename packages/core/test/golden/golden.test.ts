import { readFiles, writeFiles } from '@varve/backend/faults'
import { formatLocation, parseLocation, Varve } from '@varve/core'
import { type MemoryBackend, memoryBackend } from '@varve/memory-backend'
import { beforeEach, describe, expect, test } from 'vitest'
import { decodeStore } from '../format/reference-decoder.js'
import { type GoldenName, keepStore, keptStore, makeStore, recipes } from './make-golden.js'

/** Location, sequence, time and content of every item. */
type Row = readonly [location: string, sequence: number, time: string, content: string]

interface Expected {
  readonly items: readonly Row[]
  /** Where something was once, or could have been: all of it reads as nothing. */
  readonly nothing: readonly string[]
  /** What the next item gets. */
  readonly next: readonly [location: string, sequence: number]
}

// Written by hand, once: what these bytes mean can't change any more.
const stores: Record<GoldenName, Expected> = {
  v1: {
    items: [
      ['0:64:22', 1, '2025-01-01T00:00:00.000Z', 'the first that is kept'],
      ['0:138:12', 2, '2025-01-01T00:01:00.000Z', 'a plain item'],
      ['0:158:1', 3, '2025-01-01T00:01:00.000Z', '\0'],
      ['0:211:7', 4, '2025-01-01T00:02:00.000Z', 'waiting'],
      ['0:270:17', 5, '2025-01-01T00:02:00.000Z', 'small transaction'],
      ['0:339:60', 6, '2025-01-01T00:03:00.000Z', 'large transaction, item 1 ..................................'],
      ['0:407:60', 7, '2025-01-01T00:03:00.000Z', 'large transaction, item 2 ..................................'],
      ['1:44:60', 8, '2025-01-01T00:03:00.000Z', 'large transaction, item 3 ..................................'],
      ['1:112:60', 9, '2025-01-01T00:03:00.000Z', 'large transaction, item 4 ..................................'],
      ['1:268:19', 10, '2025-01-01T00:05:00.000Z', 'in a second session'],
    ],
    nothing: ['0:44:12', '0:0:1', '0:63:5', '1:339:5', '2:44:5', '99999:0:1'],
    next: ['1:383:4', 11],
  },
  'v1-removed': {
    items: [
      ['0:44:150', 0, '2025-01-01T00:00:00.000Z', `file 0, first ${'.'.repeat(136)}`],
      ['0:202:150', 1, '2025-01-01T00:00:00.000Z', `file 0, second ${'.'.repeat(135)}`],
      ['2:44:150', 4, '2025-01-01T00:02:00.000Z', `file 2, first ${'.'.repeat(136)}`],
      ['3:44:6', 6, '2025-01-01T00:03:00.000Z', 'file 3'],
    ],
    nothing: ['1:44:150', '1:202:150', '2:202:150', '2:246:1', '3:102:6', '4:44:6'],
    next: ['3:146:4', 7],
  },
}
const names = Object.keys(stores) as GoldenName[]

// GOLDEN=write npx vitest run packages/core/test/golden: keeps the bytes of a new recipe in the repository.
if (process.env.GOLDEN === 'write') for (const name of names) await keepStore(name)

describe.each(names)('the golden store %s', (name) => {
  const { items, nothing, next } = stores[name]
  const { options } = recipes[name]
  let kept: ReadonlyMap<string, Uint8Array>
  let backend: MemoryBackend

  beforeEach(async () => {
    kept = await keptStore(name)
    backend = memoryBackend()
    await writeFiles(kept, backend)
  })

  test('is made to the last byte by the same operations today', async () => {
    const made = await makeStore(recipes[name])
    expect([...made.keys()].sort()).toEqual([...kept.keys()])
    for (const [file, bytes] of made) expect(Buffer.from(bytes).toString('hex'), file).toBe(Buffer.from(kept.get(file)!).toString('hex'))
  })

  test('is what FORMAT.md says, to a reader that shares no code with the engine', () => {
    const rows = decodeStore(kept).flatMap(({ index, blocks }) =>
      blocks.flatMap(({ sequence, time, records }) =>
        records.map(({ position, payload }, n) => [
          `${index}:${position}:${payload.length}`,
          sequence + n,
          new Date(time).toISOString(),
          letters(payload),
        ]),
      ),
    )
    expect(rows).toEqual(items)
  })

  test.each(['a reader', 'a writer'])('reads item by item to %s, and is left as it was', async (who) => {
    const db = await Varve.open(backend, { ...options, readOnly: who === 'a reader' })
    expect(await rowsOf(db)).toEqual(items)
    expect((await rowsOf(db, true)).reverse()).toEqual(items)
    for (const [location, , , content] of items) {
      expect(letters(await db.read(parseLocation(location))), location).toBe(content)
      expect(letters(db.readSync(parseLocation(location))), location).toBe(content)
    }
    for (const location of nothing) expect(await db.read(parseLocation(location)), location).toBeUndefined()
    await db.stop()
    expect(await readFiles(backend)).toEqual(kept)
  })

  test('opens as one that was stopped: nothing is recovered', async () => {
    const db = new Varve(backend, options)
    const recovered: unknown[] = []
    db.on('recover', (event) => recovered.push(event))
    await db.start()
    await db.stop()
    expect(recovered).toEqual([])
  })

  test('goes on where it ended', async () => {
    const db = await Varve.open(backend, options)
    expect(formatLocation(await db.add(Buffer.from('next'), { durable: true }))).toBe(next[0])
    await db.stop()
    const again = await Varve.open(backend, options)
    const last = (await rowsOf(again)).at(-1)
    expect([last?.[0], last?.[1], last?.[3]]).toEqual([...next, 'next'])
    await again.stop()
    // Of what was there no byte has changed.
    for (const [file, bytes] of await readFiles(backend)) {
      const before = kept.get(file)!
      expect(bytes.subarray(0, before.length), file).toEqual(before)
    }
    decodeStore(await readFiles(backend))
  })
})

async function rowsOf(db: Varve, reverse = false): Promise<Row[]> {
  const rows: Row[] = []
  for await (const { location, sequence, timestamp, data } of db.scan({ reverse })) {
    rows.push([formatLocation(location), sequence, new Date(timestamp).toISOString(), letters(data) ?? ''])
  }
  return rows
}

function letters(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('latin1')
}
