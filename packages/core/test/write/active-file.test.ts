import type { BackendFile } from '@varve/backend'
import { expect, test } from 'vitest'
import { OpenFile } from '../../src/read/open-file.js'
import { ActiveFile, MAX_APPEND_BYTES, MAX_CHUNKS } from '../../src/write/active-file.js'

/** Bytes that take no memory: all that is asked of them is how many they are. */
class ManyBytes {
  constructor(readonly length: number) {}

  subarray(start: number, end: number): ManyBytes {
    return new ManyBytes(Math.min(end, this.length) - start)
  }
}

const bytes = (length: number) => new ManyBytes(length) as unknown as Uint8Array

function activeFile() {
  const appends: { readonly position: number; readonly lengths: readonly number[] }[] = []
  const file = {
    append: async (chunks: readonly Uint8Array[], position: number) =>
      void appends.push({ position, lengths: chunks.map(({ length }) => length) }),
  } as Partial<BackendFile> as BackendFile
  const header = { genesis: new Uint8Array(4), storeId: new Uint8Array(16), index: 0, trimOffset: 0, sequence: 0, dropped: false }
  const open = new OpenFile('data00000.dat', file, { ...header, groupStart: { index: 0, position: 0 } }, 64)
  const active = new ActiveFile(open, 0, { synced: 0, endsInClose: false })
  active.checkAlive = () => {}
  return { active, appends }
}

test('one append takes at most 1024 chunks', async () => {
  const { active, appends } = activeFile()
  await active.append(Array.from({ length: 2 * MAX_CHUNKS + 1 }, () => bytes(10)))
  expect(appends.map(({ lengths }) => lengths.length)).toEqual([MAX_CHUNKS, MAX_CHUNKS, 1])
  expect(appends.map(({ position }) => position)).toEqual([64, 64 + 10 * MAX_CHUNKS, 64 + 20 * MAX_CHUNKS])
  expect(active.end).toBe(10 * (2 * MAX_CHUNKS + 1))
})

test('one append takes at most 1 GiB, and what is longer goes in pieces', async () => {
  const { active, appends } = activeFile()
  await active.append([
    bytes(10),
    bytes(MAX_APPEND_BYTES - 9),
    bytes(5),
    bytes(2 * MAX_APPEND_BYTES + 7),
    bytes(MAX_APPEND_BYTES),
    bytes(1),
  ])
  expect(appends.map(({ lengths }) => lengths)).toEqual([
    [10],
    [MAX_APPEND_BYTES - 9, 5],
    [MAX_APPEND_BYTES],
    [MAX_APPEND_BYTES],
    [7],
    [MAX_APPEND_BYTES],
    [1],
  ])
  await active.append([bytes(3), bytes(MAX_APPEND_BYTES + 1)])
  expect(appends.slice(7).map(({ lengths }) => lengths)).toEqual([[3], [MAX_APPEND_BYTES], [1]])
  let position = 64
  for (const append of appends) {
    expect(append.position).toBe(position)
    for (const length of append.lengths) position += length
  }
  expect(active.end).toBe(position - 64)
})
