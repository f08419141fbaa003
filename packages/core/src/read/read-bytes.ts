import type { BackendFile } from '@varve/backend'
import { VarveError } from '../errors.js'

/**
 * Fills `target` from a physical position on: fewer bytes only where the file ends. A backend's word for that is not enough, as one that gives less than
 * there is would make intact bytes look damaged, and a tail that was acknowledged look torn: the file's size has to agree, else the rest is read as well.
 */
export async function readBytes(file: BackendFile, target: Uint8Array, position: number): Promise<number> {
  let read = await file.read(target, position)
  while (read < target.length) {
    const size = await file.size()
    if (position + read >= size) break
    const more = await file.read(target.subarray(read), position + read)
    if (more === 0) throw tooShort(position + read, size)
    read += more
  }
  return read
}

/** The same for a few bytes, such as a header: at once, unless the backend expects that to wait. */
export async function readFew(file: BackendFile, target: Uint8Array, position: number): Promise<number> {
  return file.readIfPrompt?.(target, position) === target.length ? target.length : readBytes(file, target, position)
}

/** The same at once, where the backend can. */
export function readBytesSync(file: BackendFile, target: Uint8Array, position: number): number {
  if (!file.readSync) throw notAtOnce()
  let read = file.readSync(target, position)
  while (read < target.length) {
    const size = sizeSync(file)
    if (position + read >= size) break
    const more = file.readSync(target.subarray(read), position + read)
    if (more === 0) throw tooShort(position + read, size)
    read += more
  }
  return read
}

/** The file's size, at once. */
export function sizeSync(file: BackendFile): number {
  if (!file.sizeSync) throw notAtOnce()
  return file.sizeSync()
}

function notAtOnce(): VarveError {
  return new VarveError('UNSUPPORTED', 'this backend opens files at once, but does not read them at once')
}

function tooShort(position: number, size: number): VarveError {
  return new VarveError('IO', `a read at ${position} gave nothing, though the file has ${size} bytes`)
}
