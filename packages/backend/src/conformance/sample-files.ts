import type { BackendFile, FileBackend } from '../file-backend.js'
import { equal, equalBytes } from './expectations.js'

// A prime: no power of two, as sizes of sectors, pages and parts are, is a multiple of it.
const period = 65_537

/**
 * `length` bytes in which a shift, a repetition or a swap shows; another `seed` gives other bytes. They have no pattern but that
 * they begin again after 65 537 bytes, which makes many of them quickly.
 */
export function sampleBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = (seed * 0x9e3779b1) >>> 0 || 1
  for (let index = 0; index < Math.min(length, period); index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[index] = state
  }
  for (let filled = period; filled < length; filled *= 2) bytes.copyWithin(filled, 0, filled)
  return bytes
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0))
  let position = 0
  for (const part of parts) {
    bytes.set(part, position)
    position += part.byteLength
  }
  return bytes
}

/** Creates a file with this content and leaves it open. The content is the backend's to keep: it is copied first. */
export async function createWith(backend: FileBackend, name: string, content: Uint8Array): Promise<BackendFile> {
  const file = await backend.create(name)
  await file.append([content.slice()], 0)
  return file
}

/** Fails unless the file, read whole and once more from its middle, is `content` and ends there. */
export async function expectContent(file: BackendFile, content: Uint8Array, what: string): Promise<void> {
  equal(await file.size(), content.byteLength, `${what}: size`)
  const target = new Uint8Array(content.byteLength + 16)
  equal(await file.read(target, 0), content.byteLength, `${what}: bytes read`)
  equalBytes(target.subarray(0, content.byteLength), content, what)
  const middle = content.byteLength >> 1
  equal(await file.read(target, middle), content.byteLength - middle, `${what}: bytes read from ${middle}`)
  equalBytes(target.subarray(0, content.byteLength - middle), content.subarray(middle), `${what} from ${middle}`)
}

/** Opens the file, fails unless it is `content`, and closes it. */
export async function expectFile(backend: FileBackend, name: string, content: Uint8Array, what = name): Promise<void> {
  const file = await backend.open(name)
  await expectContent(file, content, what)
  await file.close()
}
