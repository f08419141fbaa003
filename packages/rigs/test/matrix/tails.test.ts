import { describe, expect, test } from 'vitest'
import {
  afterPowerCut,
  BLOCK_HEADER,
  bytesOf,
  contentOf,
  copyOf,
  diskOf,
  FILE_HEADER,
  filesOf,
  itemsOf,
  openedTellingCuts,
  RECORD_HEADER,
} from './opened.js'

const NAME = 'data00000.dat'
const items = [contentOf(1, 30), contentOf(2, 45), contentOf(3, 20)]
const lengths = items.map((item) => BLOCK_HEADER + RECORD_HEADER + item.length)

const { files, locations } = await filesOf(items)
const whole = bytesOf(files, NAME)

function changed(change: (bytes: Uint8Array) => Uint8Array): Map<string, Uint8Array> {
  return new Map([...copyOf(files), [NAME, change(Uint8Array.from(whole))]])
}

/** How many items end before a length of the file. */
function itemsWithin(length: number): number {
  let end = FILE_HEADER
  return lengths.filter((size) => (end += size) <= length).length
}

describe('a tail', () => {
  test('cut at any length is cut back to the last whole item, saved beside the store and reported', async () => {
    for (let length = FILE_HEADER; length < whole.length; length++) {
      const disk = diskOf(changed((bytes) => bytes.subarray(0, length)))
      const { store, cuts } = await openedTellingCuts(disk)
      const left = itemsWithin(length)
      expect(await itemsOf(store)).toEqual(items.slice(0, left))
      const end = FILE_HEADER + lengths.slice(0, left).reduce((sum, size) => sum + size, 0)
      const savedAs = `.cut.${NAME}.${end - FILE_HEADER}`
      if (end === length) expect(cuts).toEqual([])
      else {
        expect(cuts).toMatchObject([{ index: 0, position: end - FILE_HEADER, bytes: length - end, savedAs }])
        expect(bytesOf(disk.contents(), savedAs)).toEqual(whole.subarray(end, length))
      }
      await store.stop()
    }
  })

  test('that is cut off is saved durably, before it is gone from the file', async () => {
    const disk = diskOf(changed((bytes) => bytes.subarray(0, whole.length - 1)))
    const { cuts } = await openedTellingCuts(disk)
    const name = cuts[0]?.savedAs as string
    expect(bytesOf(afterPowerCut(disk).contents(), name)).toEqual(
      whole.subarray(FILE_HEADER + (lengths[0] as number) + (lengths[1] as number), -1),
    )
  })

  test.each([1, 43, 44, 100, 5000])('of %i bytes of garbage is cut off, saved and reported; every item is there', async (length) => {
    const garbage = contentOf(99, length)
    const disk = diskOf(changed((bytes) => Uint8Array.from([...bytes, ...garbage])))
    const { store, cuts } = await openedTellingCuts(disk, { maxFileSize: 10_000 })
    expect(await itemsOf(store)).toEqual(items)
    expect(cuts).toMatchObject([{ index: 0, position: whole.length - FILE_HEADER, bytes: length }])
    expect(bytesOf(disk.contents(), cuts[0]?.savedAs as string)).toEqual(garbage)
  })

  test.each([1, 44, 5000])('of %i zeros is no damage: nothing is reported or saved, and adds go on where the items end', async (length) => {
    const disk = diskOf(changed((bytes) => Uint8Array.from([...bytes, ...new Uint8Array(length)])))
    const { store, cuts } = await openedTellingCuts(disk, { maxFileSize: 10_000 })
    expect(cuts).toEqual([])
    expect([...disk.contents().keys()]).toEqual([NAME])
    const last = locations.at(-1) as (typeof locations)[number]
    expect(await store.add(items[0] as Uint8Array, { durable: true })).toMatchObject({
      index: 0,
      position: last.position + RECORD_HEADER + last.size + BLOCK_HEADER,
    })
    expect(await itemsOf(store)).toEqual([...items, items[0]])
  })
})

describe('damage before a block that was written after it was durable', () => {
  test.each([...items.keys()].slice(0, -1))(
    'in item %i keeps the store from being opened for writing, names the place, and nothing is touched',
    async (n) => {
      const { index, position } = locations[n] as (typeof locations)[number]
      const damaged = changed((bytes) => {
        const at = FILE_HEADER + position - BLOCK_HEADER + 20
        bytes[at] = (bytes[at] as number) ^ 4
        return bytes
      })
      const disk = diskOf(damaged)
      await expect(openedTellingCuts(disk)).rejects.toMatchObject({
        code: 'CORRUPT',
        message: expect.stringContaining(`data0000${index}.dat is damaged from position ${position - BLOCK_HEADER}`),
      })
      expect(disk.contents()).toEqual(damaged)
      expect(disk.locked).toBe(false)
    },
  )

  test('in the header of the last file keeps the store from being opened, and the file is not taken for one that was never used', async () => {
    const damaged = changed((bytes) => {
      bytes[0] = 0
      return bytes
    })
    const disk = diskOf(damaged)
    await expect(openedTellingCuts(disk)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(disk.contents()).toEqual(damaged)
  })
})

describe('old records under a new header', () => {
  test('are not served for the new ones, though each has a right checksum', async () => {
    const at = FILE_HEADER + (lengths[0] as number) + (lengths[1] as number)
    const other = contentOf(7, (items[2] as Uint8Array).length)
    const disk = diskOf(changed((bytes) => bytes.subarray(0, at)))
    const { store } = await openedTellingCuts(disk)
    await store.add(other, { durable: true })
    // The header of the one block, and what an earlier write had left where its record belongs.
    const mixed = Uint8Array.from(bytesOf(disk.contents(), NAME))
    mixed.set(whole.subarray(at + BLOCK_HEADER), at + BLOCK_HEADER)
    const { store: again, cuts } = await openedTellingCuts(diskOf(new Map([[NAME, mixed]])))
    expect(await itemsOf(again)).toEqual(items.slice(0, 2))
    expect(cuts).toMatchObject([{ index: 0, position: at - FILE_HEADER }])
  })
})
