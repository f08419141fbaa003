import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Location, Varve, type VarveOptions } from '@varve/core'
import { FILE_HEADER_BYTES } from '@varve/core/format'
import { fsBackend } from '@varve/fs-backend'
import { temporaryDirectory } from './sample-tree.js'

export interface SampleStore {
  readonly path: string
  readonly locations: readonly Location[]
}

/** A store that was stopped properly, with these items, each of its own block. */
export async function sampleStore(items: readonly (string | Uint8Array)[], options: VarveOptions = {}): Promise<SampleStore> {
  const path = join(await temporaryDirectory(), 'blocks')
  await using store = await Varve.open(fsBackend(path), options)
  const locations: Location[] = []
  for (const item of items) locations.push(await store.add(Buffer.from(item), { durable: true }))
  return { path, locations }
}

/** Damages the item at a position of a data file that was never trimmed: its first byte, or what else of its file. */
export async function flipBit(path: string, position: number, { file = 'data00000.dat', behind = 8 } = {}): Promise<void> {
  const bytes = await readFile(join(path, file))
  bytes[FILE_HEADER_BYTES + position + behind]! ^= 1
  await writeFile(join(path, file), bytes)
}
