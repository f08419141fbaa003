import { readFiles, writeFiles } from '@varve/backend/faults'
import { type MemoryBackend, memoryBackend } from '@varve/memory-backend'

export const FILE_HEADER = 64
export const BLOCK_HEADER = 44

/** The files of a store as they are now, to be changed by a test: by name, their bytes. */
export type StoredFiles = Map<string, Uint8Array>

/** A copy of every file: what a process finds that comes after the one that writes now was killed. */
export async function copyFiles(backend: MemoryBackend): Promise<StoredFiles> {
  return readFiles(backend)
}

/** A new volume with these files in it. */
export async function diskOf(files: StoredFiles): Promise<MemoryBackend> {
  const memory = memoryBackend()
  await writeFiles(files, memory)
  return memory
}

/** The bytes of a file, which has to be there. */
export function fileOf(files: StoredFiles, name: string): Uint8Array {
  const bytes = files.get(name)
  if (!bytes) throw new Error(`there is no ${name} among ${[...files.keys()].join(', ')}`)
  return bytes
}

/** Changes a stored file in place, below whoever has it open. */
export function overwrite(memory: MemoryBackend, name: string, change: (bytes: Uint8Array) => Uint8Array | undefined): void {
  const path = `/varve/${name}`
  const bytes = Uint8Array.from(memory.volume.readFileSync(path) as Uint8Array)
  const changed = change(bytes) ?? bytes
  const file = memory.volume.openSync(path, 'r+')
  memory.volume.ftruncateSync(file, 0)
  memory.volume.writeSync(file, changed, 0, changed.length, 0)
  memory.volume.closeSync(file)
}

/** Turns one bit of a stored file over. */
export function flipBit(memory: MemoryBackend, name: string, at: number, bit = 0): void {
  overwrite(memory, name, (bytes) => {
    if (at >= bytes.length) throw new Error(`${name} ends at ${bytes.length}, before ${at}`)
    bytes[at] = (bytes[at] as number) ^ (1 << bit)
    return bytes
  })
}

/** Where in its file the byte at a logical position lies, as long as the file was not trimmed. */
export function physical(position: number): number {
  return FILE_HEADER + position
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}
