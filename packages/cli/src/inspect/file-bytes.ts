import type { BackendFile } from '@varve/core'

const CHUNK = 1024 * 1024

/** The bytes of a file, read a piece at a time. */
export class FileBytes {
  readonly #file: BackendFile
  readonly size: number
  #held: Uint8Array = new Uint8Array(0)
  #from = 0

  private constructor(file: BackendFile, size: number) {
    this.#file = file
    this.size = size
  }

  static async of(file: BackendFile): Promise<FileBytes> {
    return new FileBytes(file, await file.size())
  }

  /** That many bytes from `offset` on; fewer where the file ends before. */
  async at(offset: number, length: number): Promise<Uint8Array> {
    if (offset < this.#from || offset + length > this.#from + this.#held.length) await this.#load(offset, length)
    const start = offset - this.#from
    return this.#held.subarray(start, start + length)
  }

  async #load(offset: number, length: number): Promise<void> {
    const bytes = new Uint8Array(Math.min(Math.max(length, CHUNK), Math.max(0, this.size - offset)))
    this.#held = bytes.subarray(0, await this.#file.read(bytes, offset))
    this.#from = offset
  }
}
