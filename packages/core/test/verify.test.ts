import { Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { type IntactStore, intactStore, nameOf, SMALL } from './support/damaged-stores.js'
import { fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { openReader } from './support/reader-store.js'
import { failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { collect } from './support/scanning.js'
import { BLOCK_HEADER, copyFiles, diskOf, FILE_HEADER, fileOf, joined, physical, type StoredFiles } from './support/stored-bytes.js'
import { openStore } from './support/test-store.js'

failOnUnhandledRejections()

/** What verify says of these files, to a reader and to a writer where it opens. */
async function reportOf(files: StoredFiles) {
  const { reader } = await openReader(await diskOf(files), SMALL)
  const report = await reader.verify()
  await reader.stop()
  return report
}

function changed(files: StoredFiles, index: number, change: (bytes: Uint8Array) => Uint8Array): StoredFiles {
  return new Map(files).set(nameOf(index), change(Uint8Array.from(fileOf(files, nameOf(index)))))
}

const itemAt = ({ items }: IntactStore, n: number): LaidItem => items[n] as LaidItem

describe('verify of an intact store', () => {
  test('reads every byte and finds every item, while it runs and when it is stopped', async () => {
    const store = await intactStore()
    const bytes = [...store.files.values()].reduce((sum, { length }) => sum + length, 0)
    const { db } = await openStore(SMALL, await diskOf(store.files))
    const report = await db.verify()
    expect(report).toEqual({
      isIntact: true,
      files: store.files.size,
      bytes,
      items: store.items.length,
      lost: 0,
      damagedCursors: [],
      damages: [],
      omitted: 0,
    })
    await db.add(new Uint8Array(5))
    expect((await db.verify()).items).toBe(store.items.length)
    await db.flush()
    expect((await db.verify()).items).toBe(store.items.length + 1)
    await db.stop()
  })

  test('changes nothing', async () => {
    const { files } = await intactStore()
    const memory = await diskOf(files)
    const { reader } = await openReader(memory, SMALL)
    await reader.verify()
    await reader.stop()
    expect(await copyFiles(memory)).toEqual(files)
  })

  test('does not mind a torn end, which a start cuts off, nor items that were trimmed or dropped', async () => {
    const { files, items } = await intactStore()
    const { db, memory } = await openStore({ ...SMALL, overwrite: true }, await diskOf(files))
    await db.dropIndex(1)
    const { index, position } = itemAt({ files, items }, 1).location
    await db.ltrim(index, position)
    await db.stop()
    const trimmed = await copyFiles(memory)
    expect(await reportOf(trimmed)).toMatchObject({ isIntact: true })
    const last = [...trimmed.keys()]
      .filter((name) => name.endsWith('.dat'))
      .sort()
      .at(-1) as string
    expect(await reportOf(new Map(trimmed).set(last, joined(fileOf(trimmed, last), Uint8Array.of(1, 2, 3))))).toMatchObject({
      isIntact: true,
    })
  })

  test('tells how far it is, and gives up when it is told to', async () => {
    const { files } = await intactStore()
    const { db } = await openStore(SMALL, await diskOf(files))
    const seen: number[] = []
    await db.verify({ onProgress: ({ bytes, totalBytes }) => seen.push(bytes / totalBytes) })
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen.length).toBeGreaterThan(1)
    const controller = new AbortController()
    const reason = new Error('enough')
    expect(await rejection(db.verify({ signal: controller.signal, onProgress: () => controller.abort(reason) }))).toBe(reason)
    await db.stop()
  })
})

describe('verify names', () => {
  test('a damaged item by its place and sequence', async () => {
    const store = await intactStore()
    const { location } = itemAt(store, 4)
    const files = changed(store.files, location.index, (bytes) =>
      bytes.fill(7, physical(location.position) + 9, physical(location.position) + 12),
    )
    const { isIntact, items, damages } = await reportOf(files)
    expect({ isIntact, items }).toEqual({ isIntact: false, items: store.items.length - 1 })
    expect(damages).toEqual([
      {
        kind: 'record',
        file: nameOf(location.index),
        index: location.index,
        position: location.position,
        offset: physical(location.position),
        length: 8 + location.size,
        lost: { from: 4, to: 5 },
        detail: expect.any(String),
      },
    ])
  })

  test('a damaged block header, behind which every item is intact', async () => {
    const store = await intactStore()
    const { files, items } = store
    const report = await reportOf(changed(files, 0, (bytes) => bytes.fill(0xff, FILE_HEADER + 3, FILE_HEADER + 11)))
    expect(report.items).toBe(items.length)
    expect(report.damages).toEqual([
      expect.objectContaining({ kind: 'block-header', index: 0, position: 0, offset: FILE_HEADER, length: BLOCK_HEADER }),
    ])
    expect(report.damages[0]).not.toHaveProperty('lost')
  })

  test('a damaged file header, and one without which nothing of the file can be made out', async () => {
    const { files, items } = await intactStore()
    const one = await reportOf(changed(files, 1, (bytes) => bytes.fill(0, 20, 30)))
    expect(one.items).toBe(items.length)
    expect(one.damages).toEqual([expect.objectContaining({ kind: 'file-header', index: 1, offset: 0, length: FILE_HEADER })])
    const length = fileOf(files, nameOf(1)).length
    const all = await reportOf(changed(files, 1, (bytes) => bytes.fill(0xee)))
    const inIt = items.map(({ location }, sequence) => ({ location, sequence })).filter(({ location }) => location.index === 1)
    const lost = { from: inIt[0]?.sequence, to: (inIt.at(-1)?.sequence as number) + 1 }
    expect(all.damages).toEqual([expect.objectContaining({ kind: 'file-header', index: 1, offset: 0, length, lost })])
  })

  test.each(['its middle', 'its closing block', 'the end of one of its blocks'])(
    'which items a file lost that was cut off before %s',
    async (where) => {
      const { files, items } = await intactStore()
      const inFirst = items.filter(({ location }) => location.index === 0)
      const { position } = (inFirst[3] as LaidItem).location
      const end = fileOf(files, nameOf(0)).length
      const length = {
        'its middle': physical(position) + 3,
        'its closing block': end - BLOCK_HEADER,
        'the end of one of its blocks': physical(position) - BLOCK_HEADER,
      }[where] as number
      const report = await reportOf(changed(files, 0, (bytes) => bytes.subarray(0, length)))
      const kept = inFirst.filter(({ location }) => physical(location.position) + 8 + location.size <= length).length
      expect(report.items).toBe(items.length - inFirst.length + kept)
      const lost = report.damages.flatMap(({ lost: range }) =>
        range ? Array.from({ length: range.to - range.from }, (_, n) => range.from + n) : [],
      )
      expect(lost).toEqual(Array.from({ length: inFirst.length - kept }, (_, n) => kept + n))
      expect(report.damages.every(({ index }) => index === 0)).toBe(true)
      expect(report.damages.length).toBeGreaterThan(0)
    },
  )

  test('bytes behind a file’s end, a file that is missing, and one of another store', async () => {
    const { files } = await intactStore()
    const { files: others } = await intactStore()
    const end = fileOf(files, nameOf(0)).length
    const garbage = await reportOf(changed(files, 0, (bytes) => joined(bytes, Uint8Array.of(1, 2, 3))))
    expect(garbage.damages).toEqual([expect.objectContaining({ kind: 'garbage', index: 0, offset: end, length: 3 })])
    const without = new Map(files)
    without.delete(nameOf(1))
    expect((await reportOf(without)).damages).toEqual([
      expect.objectContaining({ kind: 'missing-file', file: nameOf(1), index: 1, length: 0, files: 1, lost: expect.anything() }),
    ])
    const foreign = fileOf(others, nameOf(1))
    expect((await reportOf(new Map(files).set(nameOf(1), foreign))).damages).toEqual([
      expect.objectContaining({ kind: 'foreign-file', index: 1, offset: 0, length: foreign.length, lost: expect.anything() }),
    ])
  })
})

test('a store with damage in the middle is read around it: a plain scan ends there, one with onDamage tells of it and goes on, read says CORRUPT', async () => {
  const store = await intactStore()
  const { location } = itemAt(store, 4)
  const files = changed(store.files, location.index, (bytes) =>
    bytes.fill(7, physical(location.position) + 9, physical(location.position) + 12),
  )
  for (const readOnly of [true, false]) {
    const db = await Varve.open(await diskOf(files), { ...SMALL, readOnly })
    const shown: number[] = []
    const error = await failure(
      (async () => {
        for await (const { sequence } of db.scan()) shown.push(sequence)
      })(),
    )
    expect(error).toMatchObject({ code: 'CORRUPT' })
    expect(shown).toEqual([0, 1, 2, 3].slice(0, shown.length))
    for (const reverse of [false, true]) {
      const lost: unknown[] = []
      const found: number[] = []
      for await (const { sequence, data } of db.scan({ reverse, onDamage: (damage) => lost.push(damage.lost) })) {
        expect(data).toEqual(itemAt(store, sequence).data)
        found.push(sequence)
      }
      const expected = store.items.map((_, n) => n).filter((n) => n !== 4)
      expect(found).toEqual(reverse ? expected.reverse() : expected)
      expect(lost).toEqual([{ from: 4, to: 5 }])
    }
    expect((await failure(db.read(location))).code).toBe('CORRUPT')
    await db.stop()
  }
})

test.each([false, true])(
  'a file that lost its last blocks ends a scan with CORRUPT, though what is left of it is whole (reverse: %s)',
  async (reverse) => {
    const store = await intactStore()
    const { location } = itemAt(store, 3)
    const files = changed(store.files, 0, (bytes) => bytes.subarray(0, physical(location.position) - BLOCK_HEADER))
    const { reader } = await openReader(await diskOf(files), SMALL)
    const error = await failure(
      (async () => {
        for await (const _ of reader.scan({ reverse }));
      })(),
    )
    expect(error).toMatchObject({ code: 'CORRUPT' })
    expect((await failure(reader.read(location))).code).toBe('CORRUPT')
    await reader.stop()
  },
)

// Copies of one store that were both added to: each file of them is intact, and of the store.
describe.each(['as it was filled', 'trimmed at its end'])(
  'a first file that goes beyond the sequence with which the next begins, %s',
  (state) => {
    async function mixedUp() {
      const { db, memory } = await openStore(SMALL)
      await layBlocks(db, [20, 20])
      await db.stop()
      const before = await copyFiles(memory)
      await db.start()
      await fillUpTo(db, 1)
      await db.stop()
      const other = await openStore(SMALL, await diskOf(before))
      const smaller = await fillUpTo(other.db, 1, 20)
      if (state === 'trimmed at its end') await other.db.rtrim(0, (smaller[1] as LaidItem).location.position)
      await other.db.stop()
      const files = await copyFiles(memory)
      return { files, mixed: new Map(files).set(nameOf(0), fileOf(await copyFiles(other.memory), nameOf(0))) }
    }

    test('is told by verify, and by nobody else: each item is intact', async () => {
      const { files, mixed } = await mixedUp()
      expect((await reportOf(files)).isIntact).toBe(true)
      const report = await reportOf(mixed)
      expect(report.damages).toMatchObject([{ kind: 'sequence', index: 1, position: 0, length: 0 }])
      expect(report.damages[0]).not.toHaveProperty('lost')
      const { reader } = await openReader(await diskOf(mixed), SMALL)
      const shown = await collect(reader.scan())
      expect(shown).toHaveLength(report.items)
      for (const { location, data } of shown) expect(await reader.read(location)).toEqual(data)
      await reader.stop()
    })

    test('keeps nothing from being added, behind the last file’s own sequence, and is left alone by a repair', async () => {
      const { files, mixed } = await mixedUp()
      const { db } = await openStore(SMALL, await diskOf(mixed))
      const { nextSequence } = await db.stats()
      const whole = await openStore(SMALL, await diskOf(files))
      expect(nextSequence).toBe((await whole.db.stats()).nextSequence)
      const [added] = (await layBlocks(db, [7])).flat() as [LaidItem]
      expect((await collect(db.scan())).at(-1)).toMatchObject({ sequence: nextSequence, location: added.location })
      await db.stop()
      await whole.db.stop()
      expect((await Varve.repair(await diskOf(mixed), SMALL)).steps).toEqual([])
    })
  },
)
