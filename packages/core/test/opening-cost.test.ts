import type { VarveOptions } from '@varve/core'
import type { MemoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { fillUpTo, layBlocks } from './support/layout.js'
import { openReader } from './support/reader-store.js'
import { copyFiles, diskOf } from './support/stored-bytes.js'
import { openStore } from './support/test-store.js'

const SMALL = { maxFileSize: 512, overwrite: true } as const

interface Cost {
  readonly calls: Record<string, number>
  readonly bytesRead: number
}

/** What it takes to open a store, but for what its files' names take to list. */
async function costOfOpening(memory: MemoryBackend, options: VarveOptions = SMALL): Promise<Cost> {
  const { db, disk } = await openStore(options, memory)
  const calls: Record<string, number> = {}
  let bytesRead = 0
  for (const { kind, size } of disk.calls) {
    calls[kind] = (calls[kind] ?? 0) + 1
    if (kind === 'read') bytesRead += size ?? 0
  }
  await db.stop()
  return { calls, bytesRead }
}

/** A store with so many files that was stopped. */
async function stoppedWith(files: number): Promise<MemoryBackend> {
  const { db, memory } = await openStore(SMALL)
  if (files > 1) await fillUpTo(db, files - 1, 250)
  else await layBlocks(db, [250])
  await db.stop()
  expect((await memory.list()).length).toBe(files)
  return memory
}

describe('opening a store that was stopped', () => {
  test('takes the same few calls and reads the same few bytes whether it has 1 file or 200', async () => {
    const cost = await costOfOpening(await stoppedWith(1))
    expect(cost).toEqual({ calls: { lock: 1, list: 1, open: 1, read: 2, size: 1, sync: 1 }, bytesRead: 64 + 44 })
    // And the header of the file before the last one, to see that the two are of one store.
    const more = { calls: { lock: 1, list: 1, open: 2, read: 3, size: 1, sync: 1, close: 1 }, bytesRead: 64 + 44 + 64 }
    for (const files of [2, 3, 200]) expect(await costOfOpening(await stoppedWith(files))).toEqual(more)
  })

  test('takes the same however large its last file is', async () => {
    const { db, memory } = await openStore({ maxFileSize: 1024 * 1024 })
    await layBlocks(db, ...Array.from({ length: 500 }, () => [1000]))
    await db.stop()
    expect(await costOfOpening(memory, { maxFileSize: 1024 * 1024 })).toEqual(await costOfOpening(await stoppedWith(1)))
  })

  test('changes nothing', async () => {
    const memory = await stoppedWith(3)
    const before = await copyFiles(memory)
    await costOfOpening(memory)
    expect(await copyFiles(memory)).toEqual(before)
  })

  test('to read it takes the same few calls, with 1 file or with 200', async () => {
    const costs = await Promise.all(
      [1, 200].map(async (files) => {
        const { reader, disk } = await openReader(await stoppedWith(files))
        const kinds = disk.calls.map(({ kind }) => kind)
        await reader.stop()
        return kinds
      }),
    )
    expect(costs[0]).toEqual(costs[1])
    expect(costs[0]?.length).toBeLessThan(10)
  })
})

describe('opening a store that crashed', () => {
  test('reads its last file and a little of two others, whether it has 3 files or 200', async () => {
    const costs: Cost[] = []
    for (const files of [3, 200]) {
      const { db, memory } = await openStore(SMALL)
      await fillUpTo(db, files - 1, 250)
      costs.push(await costOfOpening(await diskOf(await copyFiles(memory))))
    }
    expect(costs[0]).toEqual(costs[1])
    expect((costs[0] as Cost).bytesRead).toBeLessThan(2 * 512)
  })
})
