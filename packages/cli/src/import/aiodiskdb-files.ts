import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Location } from '@varve/core'
import { CommandError, ExitCode } from '../exit-code.js'

/** A header is followed by the items' bytes, one after the other, and nothing else. */
const HEADER_BYTES = 24

export interface AiodiskdbNaming {
  readonly prefix: string
  readonly padding: number
  /** 4 bytes. */
  readonly genesis: Uint8Array
}

/** What a file holds of the positions that were ever in it. */
export interface AiodiskdbFile {
  readonly name: string
  /** What is before it was trimmed away. */
  readonly trimOffset: number
  /** The position behind the last byte. */
  readonly end: number
  readonly handle: FileHandle
}

/** The files of a store that aiodiskdb wrote, open for reading. */
export class AiodiskdbFiles {
  readonly #directory: string
  readonly #naming: AiodiskdbNaming
  readonly #files = new Map<number, AiodiskdbFile | string>()

  constructor(directory: string, naming: AiodiskdbNaming) {
    this.#directory = directory
    this.#naming = naming
  }

  /** The file, or why there is none that can be used. */
  async file(index: number): Promise<AiodiskdbFile | string> {
    const known = this.#files.get(index)
    if (known !== undefined) return known
    const file = await this.#open(index)
    this.#files.set(index, file)
    return file
  }

  /** The bytes of an item that lies within its file. */
  async read({ index, position, size }: Location): Promise<Uint8Array> {
    const file = await this.file(index)
    if (typeof file === 'string') throw new CommandError(ExitCode.failed, file)
    const bytes = new Uint8Array(size)
    for (let read = 0; read < size; ) {
      const { bytesRead } = await file.handle.read(bytes, read, size - read, HEADER_BYTES + position - file.trimOffset + read)
      if (bytesRead === 0)
        throw new CommandError(ExitCode.failed, `${file.name} became shorter while it was read; stop the program that writes to it`)
      read += bytesRead
    }
    return bytes
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) if (typeof file !== 'string') await file.handle.close()
  }

  async #open(index: number): Promise<AiodiskdbFile | string> {
    const { prefix, padding, genesis } = this.#naming
    const name = `${prefix}${String(index).padStart(padding, '0')}.dat`
    let handle: FileHandle
    try {
      handle = await open(join(this.#directory, name))
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return `there is no ${name} in ${this.#directory}`
      throw new CommandError(ExitCode.failed, `${name} can't be opened: ${cause instanceof Error ? cause.message : cause}`, { cause })
    }
    const found = await this.#check(name, handle, genesis).catch(async (error: unknown) => {
      await handle.close()
      throw error
    })
    if (typeof found === 'string') await handle.close()
    return found
  }

  async #check(name: string, handle: FileHandle, genesis: Uint8Array): Promise<AiodiskdbFile | string> {
    const header = Buffer.alloc(HEADER_BYTES)
    const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0)
    if (bytesRead < HEADER_BYTES) return `${name} is no file of aiodiskdb: it has fewer than ${HEADER_BYTES} bytes`
    const found = header.subarray(0, genesis.length)
    if (!found.equals(genesis)) {
      const expected = Buffer.from(genesis).toString('hex')
      return `${name} begins with the genesis bytes ${found.toString('hex')}, not ${expected}; say which with --genesis`
    }
    const trimOffset = header.readUInt32LE(genesis.length)
    const { size } = await handle.stat()
    return { name, trimOffset, end: trimOffset + size - HEADER_BYTES, handle }
  }
}
