/** What stands between an operation and the medium. */
type Standing =
  /** In the cache; the next sync that succeeds makes it durable. */
  | 'unsynced'
  /** A sync of it has failed: it is on the medium or it is not, and no later sync changes that. */
  | 'lost'
  /** On the medium for certain; still listed because an earlier operation isn't. */
  | 'durable'

interface Operation {
  readonly at: number
  readonly standing: Standing
  /** Counts the operations of a file, in the order they were begun. */
  readonly number: number
}

/** @internal Bytes were appended at `at`. */
export interface FileWrite extends Operation {
  readonly type: 'write'
  readonly bytes: Uint8Array
}

/** @internal The file was cut to `at` bytes. */
export interface FileCut extends Operation {
  readonly type: 'cut'
}

/** @internal From `at` on the file is `bytes` and ends there, whatever happened before: a cut that is durable, or what was written again. */
interface FileEnd extends Operation {
  readonly type: 'end'
  readonly bytes: Uint8Array
}

export type FileOperation = FileWrite | FileCut | FileEnd

const nothing = new Uint8Array(0)

/** @internal The same file with as few operations as say the same: what is certain from the first on becomes part of `durable`. */
export function settle(durable: Uint8Array, operations: readonly FileOperation[]): { durable: Uint8Array; operations: FileOperation[] } {
  const left = uncovered(operations)
  const doubtful = left.findIndex(({ standing }) => standing !== 'durable')
  const certain = doubtful < 0 ? left.length : doubtful
  const bytes = certain === 0 ? durable : apply(durable, left.slice(0, certain))
  return { durable: bytes, operations: left.slice(certain) }
}

/** Without what a later, durable end of the file makes irrelevant. */
function uncovered(operations: readonly FileOperation[]): FileOperation[] {
  const left: FileOperation[] = []
  let end = Number.POSITIVE_INFINITY
  for (const operation of [...operations].reverse()) {
    if (operation.at >= end) continue
    if (operation.type === 'write' && operation.at + operation.bytes.length > end) {
      left.push({ ...operation, bytes: operation.bytes.subarray(0, end - operation.at) })
    } else if (operation.type === 'cut' && operation.standing === 'durable') {
      left.push({ ...operation, type: 'end', bytes: nothing, standing: 'durable' })
      end = operation.at
    } else {
      left.push(operation)
      if (operation.type === 'end') end = operation.at
    }
  }
  return left.reverse()
}

/** All of the operations, one after the other. */
function apply(durable: Uint8Array, operations: readonly FileOperation[]): Uint8Array {
  const image = new FileImage(durable, operations)
  for (const operation of operations) image.apply(operation)
  return image.bytes
}

/** @internal The bytes of a file while operations are applied to it. Behind its end it is all zero, so that a gap reads as a hole. */
export class FileImage {
  readonly #buffer: Uint8Array
  #size: number

  constructor(durable: Uint8Array, operations: readonly FileOperation[], padding = 0) {
    let room = durable.length
    for (const operation of operations) room = Math.max(room, operation.at + (operation.type === 'cut' ? 0 : operation.bytes.length))
    this.#buffer = new Uint8Array(room + padding)
    this.#buffer.set(durable)
    this.#size = durable.length
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#size)
  }

  apply(operation: FileOperation): void {
    if (operation.type !== 'write') this.cut(operation.at)
    if (operation.type !== 'cut') this.write(operation.bytes, operation.at)
    // An end is where it is, also where bytes before it were lost.
    if (operation.type === 'end') this.extend(operation.at)
  }

  write(bytes: Uint8Array, at: number): void {
    this.#buffer.set(bytes, at)
    if (bytes.length > 0) this.extend(at + bytes.length)
  }

  extend(size: number): void {
    this.#size = Math.max(this.#size, size)
  }

  cut(size: number): void {
    if (size >= this.#size) return
    this.#buffer.fill(0, size, this.#size)
    this.#size = size
  }
}
