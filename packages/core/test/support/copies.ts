import { readFiles } from '@varve/backend/faults'
import { type FileBackend, Varve, type VarveOptions } from '@varve/core'
import { expect } from 'vitest'
import { collect } from './scanning.js'
import { diskOf } from './stored-bytes.js'

export const SMALL = { maxFileSize: 1024, overwrite: true } as const

/** The data files that a backend holds. */
export async function dataFiles(backend: FileBackend): Promise<Map<string, Uint8Array>> {
  return new Map([...(await readFiles(backend))].filter(([name]) => name.startsWith('data')))
}

/** What a copy holds, opened for reading alone and then, on a twin, for writing. */
export async function itemsOf(copy: FileBackend, options: VarveOptions = SMALL): Promise<unknown[]> {
  const reader = await Varve.open(copy, { ...options, readOnly: true })
  const read = await collect(reader.scan())
  await reader.stop()
  const writer = await Varve.open(await diskOf(await readFiles(copy)), options)
  expect(await collect(writer.scan())).toEqual(read)
  expect((await writer.verify()).isIntact).toBe(true)
  await writer.stop()
  return read
}

export async function expectEqual(db: Varve, copy: FileBackend): Promise<void> {
  expect(await itemsOf(copy)).toEqual(await collect(db.scan()))
}
