import { type FileCut, type FileOperation, type FileWrite, settle } from './file-operation.js'

/** @internal What a power cut finds of one file: never changes. */
export interface FileSnapshot {
  /** What is on the medium for certain, before any of the operations. */
  readonly durable: Uint8Array
  /** What was done to it since, in order: with at least one operation that may be lost, or none at all. */
  readonly operations: readonly FileOperation[]
  /** Zeros that may follow the end. */
  readonly padding: number
}

/** @internal A sync under way: the operations that it is about, and what it writes again. */
export interface FileSync {
  readonly operations: ReadonlySet<FileOperation>
  readonly rewritten: FileOperation | undefined
}

/**
 * @internal One file (an inode, whatever its names): what programs see of it, and apart from that what the medium holds.
 *
 * No byte of a view that was handed out is ever overwritten: an append goes behind the last byte ever used, or moves to a new buffer.
 * So durable states and operations are views, and nothing is copied twice.
 */
export class DurableFile {
  #buffer: Uint8Array
  #used: number
  #size: number
  #snapshot: FileSnapshot
  #operations = 0
  #lastAppend = -1
  readonly #preallocation: number

  constructor({ durable = new Uint8Array(0), preallocation = 0 }: { durable?: Uint8Array; preallocation?: number | undefined } = {}) {
    this.#preallocation = preallocation
    this.#buffer = durable
    this.#used = durable.length
    this.#size = durable.length
    this.#snapshot = { durable, operations: [], padding: 0 }
  }

  get size(): number {
    return this.#size
  }

  /** All bytes as programs see them; to be left alone. */
  get content(): Uint8Array {
    return this.#buffer.subarray(0, this.#size)
  }

  get snapshot(): FileSnapshot {
    return this.#snapshot
  }

  read(target: Uint8Array, position: number): number {
    const bytes = this.#buffer.subarray(position, Math.min(this.#size, position + target.length))
    target.set(bytes)
    return bytes.length
  }

  append(chunks: readonly Uint8Array[]): void {
    const at = this.#size
    const size = at + chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    if (this.#used > at || size > this.#buffer.length) {
      const buffer = new Uint8Array(Math.max(size, at * 2, 256))
      buffer.set(this.content)
      this.#buffer = buffer
    }
    let position = at
    for (const chunk of chunks) {
      this.#buffer.set(chunk, position)
      position += chunk.length
    }
    this.#used = this.#size = size
    if (size === at) return
    this.#lastAppend = this.#operations
    this.#did({ type: 'write', at, bytes: this.#buffer.subarray(at, size) }, this.#preallocation)
  }

  /** Cuts the file, also where it already ends there: only then does the medium learn of it if an earlier cut was lost. */
  cut(at: number): void {
    this.#size = at
    this.#did({ type: 'cut', at })
  }

  beginSync(rewriteFrom: number | undefined): FileSync {
    const operations = new Set(this.#snapshot.operations.filter(({ standing }) => standing === 'unsynced'))
    if (rewriteFrom === undefined) return { operations, rewritten: undefined }
    const at = Math.min(rewriteFrom, this.#size)
    const bytes = this.#buffer.subarray(at, this.#size)
    return { operations, rewritten: { type: 'end', at, bytes, standing: 'durable', number: this.#operations++ } }
  }

  /** The sync has reached the medium. */
  finishSync({ operations, rewritten }: FileSync): void {
    const settled = this.#restand(operations, 'durable')
    // What was done while the sync was under way comes after what it wrote again.
    if (rewritten) settled.splice(settled.filter(({ number }) => number < rewritten.number).length, 0, rewritten)
    // With nothing in doubt the medium holds what programs see: a view of that saves the copy.
    const certain = settled.every(({ standing }) => standing === 'durable')
    const { durable, operations: left } = certain ? { durable: this.content, operations: [] } : settle(this.#snapshot.durable, settled)
    const cut = [...operations].some(({ type, number }) => type === 'cut' && number > this.#lastAppend)
    this.#snapshot = { durable, operations: left, padding: cut ? 0 : this.#snapshot.padding }
  }

  /** The sync has failed: what it was about is held to be clean from now on, so no later sync writes it, and it may or may not be on the medium. */
  loseSync({ operations }: FileSync): void {
    this.#snapshot = { ...this.#snapshot, operations: this.#restand(operations, 'lost') }
  }

  #did(change: Pick<FileWrite, 'type' | 'at' | 'bytes'> | Pick<FileCut, 'type' | 'at'>, padding = this.#snapshot.padding): void {
    const operation = { ...change, standing: 'unsynced', number: this.#operations++ } as const
    this.#snapshot = { durable: this.#snapshot.durable, operations: [...this.#snapshot.operations, operation], padding }
  }

  #restand(chosen: ReadonlySet<FileOperation>, standing: FileOperation['standing']): FileOperation[] {
    return this.#snapshot.operations.map((operation) => (chosen.has(operation) ? { ...operation, standing } : operation))
  }
}
