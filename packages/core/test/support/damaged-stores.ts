import { type ScannedItem, Varve } from '@varve/core'
import { commitItems, type LaidItem, layBlocks } from './layout.js'
import { collect } from './scanning.js'
import { copyFiles, diskOf, FILE_HEADER, fileOf, joined, physical, type StoredFiles } from './stored-bytes.js'
import { openStore } from './test-store.js'

export const SMALL = { maxFileSize: 512, overwrite: true } as const

/** The name of a data file. */
export function nameOf(index: number): string {
  return `data${String(index).padStart(5, '0')}.dat`
}

export interface IntactStore {
  readonly files: StoredFiles
  /** In order of adding: the sequence of an item is its place here. */
  readonly items: readonly LaidItem[]
}

/** A store of four files that was stopped: several blocks in a file, and a transaction over two. */
export async function intactStore(): Promise<IntactStore> {
  const { db, memory } = await openStore(SMALL)
  const blocks = await layBlocks(db, [20, 30, 1], [40, 50], [200], [60, 70])
  const group = await commitItems(db, 30, 250, 90)
  const rest = await layBlocks(db, [10, 11], [12])
  await db.stop()
  return { files: await copyFiles(memory), items: [...blocks.flat(), ...group, ...rest.flat()] }
}

export interface DamagedStore {
  readonly name: string
  readonly files: StoredFiles
}

/** One store damaged in each of the ways that a repair mends differently. */
export async function damagedStores(): Promise<DamagedStore[]> {
  const { files, items } = await intactStore()
  const { files: others } = await intactStore()
  const change = (index: number, changed: (bytes: Uint8Array) => Uint8Array): StoredFiles => {
    return new Map(files).set(nameOf(index), changed(Uint8Array.from(fileOf(files, nameOf(index)))))
  }
  const placeOf = (n: number): { readonly index: number; readonly at: number } => {
    const { index, position } = (items[n] as LaidItem).location
    return { index, at: physical(position) }
  }
  const without = new Map(files)
  without.delete(nameOf(1))
  const [first, last] = [placeOf(1), placeOf(items.length - 1)]
  return [
    { name: 'an item that is damaged', files: change(first.index, (bytes) => bytes.fill(7, first.at + 10, first.at + 20)) },
    {
      name: 'a block header and the items behind it overwritten',
      files: change(0, (bytes) => bytes.fill(0, FILE_HEADER + 10, FILE_HEADER + 90)),
    },
    { name: 'a file header overwritten', files: change(1, (bytes) => bytes.fill(0x55, 0, 60)) },
    { name: 'a file cut short', files: change(0, (bytes) => bytes.subarray(0, bytes.length >> 1)) },
    { name: 'garbage behind a file', files: change(1, (bytes) => joined(bytes, new Uint8Array(70).fill(9))) },
    { name: 'a file missing', files: without },
    { name: 'a file of another store', files: change(2, () => fileOf(others, nameOf(2))) },
    { name: 'nothing left of the last file but garbage', files: change(last.index, (bytes) => bytes.fill(0xaa)) },
    {
      name: 'damage in two files and a torn tail',
      files: change(first.index, (bytes) => bytes.fill(7, first.at + 10, first.at + 20)).set(
        nameOf(last.index),
        fileOf(files, nameOf(last.index)).subarray(0, last.at + 9),
      ),
    },
  ]
}

/** What a reader finds of a store around its damage. */
export async function intactItems(files: StoredFiles): Promise<ScannedItem[]> {
  const db = await Varve.open(await diskOf(files), { ...SMALL, readOnly: true })
  const items = await collect(db.scan({ onDamage: () => {} }))
  await db.stop()
  return items.map((item) => ({ ...item, data: Uint8Array.from(item.data) }))
}
