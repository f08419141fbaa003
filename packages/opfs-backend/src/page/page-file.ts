import { BackendError, type BackendFile } from '@varve/backend'
import type { FileRequest } from './protocol.js'
import type { WorkerCalls } from './worker-calls.js'

/** A file that a worker has open for a page. */
export class PageFile implements BackendFile {
  readonly #calls: WorkerCalls
  readonly #number: number
  /** Backend and name, for messages. */
  readonly #where: string
  #closed: Promise<void> | undefined

  constructor(calls: WorkerCalls, number: number, where: string) {
    this.#calls = calls
    this.#number = number
    this.#where = where
  }

  size(): Promise<number> {
    return this.#call('size')
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const bytes = await this.#call<Uint8Array>('read', position, { length: target.byteLength })
    target.set(bytes)
    return bytes.byteLength
  }

  async append(chunks: readonly Uint8Array[], position: number): Promise<void> {
    const bytes = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.byteLength, 0))
    let at = 0
    for (const chunk of chunks) {
      bytes.set(chunk, at)
      at += chunk.byteLength
    }
    return this.#call('append', position, { bytes })
  }

  truncate(size: number): Promise<void> {
    return this.#call('truncate', size)
  }

  sync(rewriteFrom = -1): Promise<void> {
    return this.#call('sync', rewriteFrom)
  }

  close(): Promise<void> {
    this.#closed ??= this.#call('close')
    return this.#closed
  }

  async #call<T>(method: FileRequest['method'], at = 0, { length = 0, bytes }: { length?: number; bytes?: Uint8Array } = {}): Promise<T> {
    if (this.#closed) throw new BackendError('IO', `${this.#where}: ${method}: the file is closed`)
    const request = { varve: 'file', file: this.#number, method, at, length, bytes } as const
    return this.#calls.call<T>(request, bytes ? [bytes.buffer as ArrayBuffer] : [])
  }
}
