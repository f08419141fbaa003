import { faultyBackend, hold } from '@varve/backend/faults'
import { type ScannedItem, Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { EagerClock } from './support/eager-clock.js'
import { type LaidItem, layBlocks } from './support/layout.js'
import { perishableHandles } from './support/perishable-handles.js'
import { collect } from './support/scanning.js'

const SMALL = { maxFileSize: 1024, overwrite: true } as const

/** A writer, and a reader beside it whose open files die with their names. */
async function bothSides(): Promise<{ writer: Varve; reader: Varve; items: LaidItem[] }> {
  const sides = perishableHandles(memoryBackend())
  const writer = await Varve.open(sides.writer, SMALL)
  const items = (await layBlocks(writer, [100, 100], [100], [100, 300], [300], [100])).flat()
  const reader = new Varve(sides.reader, { ...SMALL, readOnly: true }, new EagerClock())
  await reader.start()
  return { writer, reader, items }
}

describe('beside a writer, on a medium where an open file dies with its name', () => {
  test('a read of what was dropped since gives nothing, as it does elsewhere', async () => {
    const { writer, reader, items } = await bothSides()
    const [first] = items
    expect(await reader.read(first!.location)).toEqual(first!.data)
    await writer.dropIndex(0)
    expect(await reader.read(first!.location)).toBeUndefined()
    expect(await reader.readMany(items.slice(0, 3).map(({ location }) => location))).toEqual([undefined, undefined, undefined])
  })

  test('what a trim kept is read on, and what it removed is nothing', async () => {
    const { writer, reader, items } = await bothSides()
    for (const { location, data } of items) expect(await reader.read(location)).toEqual(data)
    await writer.ltrim(0, items[2]!.location.position)
    expect(await reader.read(items[0]!.location)).toBeUndefined()
    expect(await reader.read(items[3]!.location)).toEqual(items[3]!.data)
  })

  test('a scan goes on over files that are trimmed and dropped under it', async () => {
    const { writer, reader, items } = await bothSides()
    const last = items.at(-1)!.location
    expect(last.index).toBeGreaterThan(0)
    const seen: ScannedItem[] = []
    for await (const found of reader.scan()) {
      seen.push(found)
      if (seen.length === 1) await writer.dropIndex(0)
    }
    expect(seen.at(-1)!.data).toEqual(items.at(-1)!.data)
    expect(seen.every(({ sequence, data }) => Buffer.compare(data, items[sequence]!.data) === 0)).toBe(true)
  })

  test('a follower goes on where the file it waits in was trimmed or dropped', async () => {
    const { writer, reader, items } = await bothSides()
    const following = reader.scan({ follow: true })
    const seen: number[] = []
    const take = async (count: number): Promise<void> => {
      while (seen.length < count) seen.push((await following.next()).value.sequence)
    }
    await take(items.length)
    await writer.ltrim(items.at(-1)!.location.index, items.at(-1)!.location.position)
    await layBlocks(writer, [20])
    await take(items.length + 1)
    await writer.dropIndex(items.at(-1)!.location.index)
    await layBlocks(writer, [20])
    await take(items.length + 2)
    expect(seen).toEqual(Array.from({ length: items.length + 2 }, (_, n) => n))
    await following.return?.()
  })

  test('a copy goes on with what there is now, where a file is dropped or trimmed that it has open', async () => {
    for (const index of [0, 1]) {
      const { writer, reader } = await bothSides()
      const copy = memoryBackend()
      const disk = faultyBackend(copy)
      const gate = hold()
      disk.inject({ kind: 'create', name: `.tmp.data0000${index}.dat`, fault: gate })
      const copying = reader.copyTo(disk)
      await gate.reached
      const inFile = (await collect(writer.locations())).filter(({ location }) => location.index === index)
      if (index === 0) await writer.dropIndex(0)
      else await writer.ltrim(1, inFile[1]!.location.position)
      gate.release()
      await copying
      await using found = await Varve.open(copy, SMALL)
      expect(await collect(found.scan())).toEqual(await collect(writer.scan()))
      expect((await found.verify()).isIntact).toBe(true)
      await reader.stop()
      await writer.stop()
    }
  })
})
