import { Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/programs/manual-clock.js'
import { bytesOf, contentOf, copyOf, diskOf, filesOf, itemsOf, opened } from './opened.js'

const options = { maxFileSize: 512 }
const items = Array.from({ length: 4 }, (_, n) => contentOf(n + 1, 250))
const { files, locations } = await filesOf(items, options)
const name = (index: number): string => `data0000${index}.dat`

/** A writer and a reader both come to the error, by its name, and change nothing. */
async function expectRefused(changed: Map<string, Uint8Array>, code: string, index: number): Promise<void> {
  const disk = diskOf(changed)
  const outcomes = await Promise.all(
    [false, true].map((readOnly) => readAll(new Varve(disk, { ...options, readOnly }, new ManualClock()), index)),
  )
  expect(outcomes).toEqual([code, code])
  expect(disk.contents()).toEqual(changed)
}

async function readAll(store: Varve, index: number): Promise<unknown> {
  try {
    await store.start()
    const location = locations[index] as (typeof locations)[number]
    const data = await store.read(location)
    return data && 'bytes'
  } catch (error) {
    return (error as { readonly code?: string }).code
  } finally {
    await store.stop()
  }
}

test('the store under test has one item in each file', () => {
  expect(locations.map(({ index }) => index)).toEqual([0, 1, 2, 3])
})

describe('a file of a store', () => {
  test('that is missing in the middle is FILE_MISSING, and nothing is touched', async () => {
    const changed = copyOf(files)
    changed.delete(name(1))
    await expectRefused(changed, 'FILE_MISSING', 1)
  })

  test('that was dropped in the middle leaves a stub, and is not missing', async () => {
    const disk = diskOf(files)
    const store = await opened(disk, options)
    await store.dropIndex(1)
    expect(disk.contents().has(name(1))).toBe(true)
    await store.stop()
    const again = await opened(disk, options)
    expect(await itemsOf(again)).toEqual(items.filter((_, n) => n !== 1))
    await again.dropIndex(0)
    expect([...disk.contents().keys()].sort()[0]).toBe(name(2))
  })

  test('copied under another name is FOREIGN_FILE, and nothing is touched', async () => {
    // In the middle, where nobody looks before it is read, and as the last one.
    const changed = copyOf(files)
    changed.set(name(3), bytesOf(files, name(1)))
    await expectRefused(changed, 'FOREIGN_FILE', 3)
  })

  test('of another store is FOREIGN_FILE where it is read, and is never served', async () => {
    const other = await filesOf(items, options)
    const changed = copyOf(files)
    changed.set(name(1), bytesOf(other.files, name(1)))
    const store = await opened(diskOf(changed), options)
    await expect(store.read(locations[1] as (typeof locations)[number])).rejects.toMatchObject({ code: 'FOREIGN_FILE' })
    await expect(itemsOf(store)).rejects.toMatchObject({ code: 'FOREIGN_FILE' })
    expect(await store.read(locations[2] as (typeof locations)[number])).toEqual(items[2])
  })

  test('with other genesis bytes is GENESIS_MISMATCH, and nothing is touched', async () => {
    const other = await filesOf(items, { ...options, genesisBytes: new Uint8Array([1, 2, 3, 4]) })
    await expectRefused(other.files, 'GENESIS_MISMATCH', 3)
  })

  test('of a newer version is UNSUPPORTED_VERSION, and nothing is touched', async () => {
    const changed = copyOf(files)
    const bytes = Uint8Array.from(bytesOf(files, name(3)))
    // A newer version may have its checksum anywhere.
    bytes[8] = 2
    bytes[60] = (bytes[60] as number) ^ 0xff
    changed.set(name(3), bytes)
    await expectRefused(changed, 'UNSUPPORTED_VERSION', 3)
  })

  test('that is a rewrite which was interrupted is removed at the next writable start, and only then', async () => {
    const changed = copyOf(files)
    changed.set(`.tmp.${name(1)}`, contentOf(50, 77))
    const disk = diskOf(changed)
    const reader = await opened(disk, { ...options, readOnly: true })
    await reader.stop()
    expect(disk.contents().has(`.tmp.${name(1)}`)).toBe(true)
    const store = await opened(disk, options)
    expect(disk.contents().has(`.tmp.${name(1)}`)).toBe(false)
    expect(await itemsOf(store)).toEqual(items)
  })
})
