import { type Location, Varve, type VarveOptions } from '@varve/core'
import { withStoreId } from '../programs/fixed-store-id.js'
import { contentOf } from '../programs/item-content.js'
import { ManualClock } from '../programs/manual-clock.js'
import { type FileMap, fileMapBackend } from './file-map-backend.js'
import { blocksOf, offsetOf, type StoredBlock } from './stored-layout.js'

export interface GoldenItem {
  readonly location: Location
  readonly data: Uint8Array
  readonly sequence: number
  /** The file that holds it, and where its record is in it. */
  readonly file: string
  readonly offset: number
  readonly end: number
}

/** A small store that is intact, with all there is to know of it. */
export interface GoldenStore {
  readonly name: string
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The names of the data files, in order. */
  readonly names: readonly string[]
  readonly items: readonly GoldenItem[]
  readonly blocks: ReadonlyMap<string, readonly StoredBlock[]>
  /** The files whose end was trimmed away: how many items stood there nothing but their closing blocks tells, so that behind damage to several blocks of one a sequence may be too high. */
  readonly shortened: ReadonlySet<string>
}

// As small as files can be: every bit of them is flipped.
export const GOLDEN_OPTIONS: VarveOptions = { maxFileSize: 512, overwrite: true }

type Building = (db: Varve, restart: () => Promise<Varve>) => Promise<Varve>

let contents = 0

function content(size: number): Uint8Array {
  return contentOf(contents++, size)
}

async function addAll(db: Varve, ...sizes: readonly number[]): Promise<Location[]> {
  const locations: Location[] = []
  for (const size of sizes) locations.push(await db.add(content(size)))
  await db.flush()
  return locations
}

async function commitAll(db: Varve, ...sizes: readonly number[]): Promise<void> {
  const transaction = db.transaction()
  for (const size of sizes) transaction.add(content(size))
  await transaction.commit()
}

/** Several blocks, a closing block in the middle of a file, records of one byte, three files. */
const plain: Building = async (db, restart) => {
  await addAll(db, 1, 2, 30)
  await addAll(db, 9)
  const again = await restart()
  await addAll(again, 12, 1)
  await addAll(again, 100, 20)
  await addAll(again, 180)
  await addAll(again, 20, 21)
  return again
}

/** Transactions within a file and over three, items before and behind them. */
const transactions: Building = async (db) => {
  await addAll(db, 50, 7)
  await commitAll(db, 20, 30, 1)
  await commitAll(db, 20, 190, 100, 130)
  await addAll(db, 12)
  return db
}

/** Files trimmed on either side, a dropped one that left a stub, one that did not, several closing blocks. */
const trimmed: Building = async (db, restart) => {
  await addAll(db, 300)
  await addAll(db, 120)
  const [, kept] = await addAll(db, 250, 30)
  const again = await restart()
  const [, gone] = await addAll(again, 20, 300)
  await addAll(again, 150)
  await addAll(again, 310)
  await addAll(again, 25, 26)
  if (!kept || !gone) throw new Error('items are missing')
  await again.ltrim(kept.index, kept.position)
  await again.rtrim(gone.index, gone.position)
  await again.dropIndex(0)
  const { lastIndex } = await again.stats()
  await again.dropIndex(lastIndex - 1)
  const last = await restart()
  await addAll(last, 15)
  return last
}

const BUILDINGS: Readonly<Record<string, Building>> = { plain, transactions, trimmed }

/** The three stores that are damaged in every way. The same bytes at every run. */
export async function goldenStores(): Promise<GoldenStore[]> {
  const stores: GoldenStore[] = []
  for (const [n, name] of Object.keys(BUILDINGS).entries()) stores.push(await goldenStore(name, n + 1))
  return stores
}

/** One of them, or with another seed the same items in another store. */
export async function goldenStore(name: string, seed: number): Promise<GoldenStore> {
  contents = 1000
  const files: FileMap = new Map()
  const backend = fileMapBackend(files)
  const clock = new ManualClock()
  const open = async (): Promise<Varve> => {
    const db = new Varve(backend, GOLDEN_OPTIONS, clock)
    await db.start()
    return db
  }
  const build = BUILDINGS[name] as Building
  let running = await withStoreId(seed, open)
  const restart = async (): Promise<Varve> => {
    await running.stop()
    clock.advance(1000)
    running = await open()
    return running
  }
  await (await build(running, restart)).stop()
  return described(name, files)
}

async function described(name: string, files: FileMap): Promise<GoldenStore> {
  const names = [...files.keys()].sort()
  const blocks = new Map(names.map((file) => [file, blocksOf(files.get(file) as Uint8Array)]))
  const db = await Varve.open(fileMapBackend(files), { ...GOLDEN_OPTIONS, readOnly: true })
  const shortened = new Set(names.filter((file) => isShortened(blocks.get(file) as readonly StoredBlock[])))
  const items: GoldenItem[] = []
  for await (const { location, data, sequence } of db.scan()) {
    const file = `data${String(location.index).padStart(5, '0')}.dat`
    const offset = offsetOf(files.get(file) as Uint8Array, location.position)
    items.push({ location, data: Uint8Array.from(data), sequence, file, offset, end: offset + 8 + location.size })
  }
  await db.stop()
  return { name, files: new Map([...files].map(([file, bytes]) => [file, Uint8Array.from(bytes)])), names, items, blocks, shortened }
}

function isShortened(blocks: readonly StoredBlock[]): boolean {
  const [last, close] = blocks.slice(-2)
  return close !== undefined && last !== undefined && last.sequence + last.count < close.sequence
}
