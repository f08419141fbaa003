import { assertFileName, BackendError, type BackendErrorCode, type BackendFile, type BackendLock, type FileBackend } from '@varve/backend'

interface Content {
  bytes: Uint8Array
}

/** Files in memory, for the engine's tests on a page: as much of a memfs volume as they use. */
export class Volume {
  readonly files = new Map<string, Content>()
  readonly #open = new Map<number, Content>()
  holder: object | undefined

  readFileSync(path: string): Uint8Array {
    return Buffer.from(this.#content(path).bytes)
  }

  writeFileSync(path: string, bytes: Uint8Array): void {
    this.files.set(nameIn(path), { bytes: bytes.slice() })
  }

  existsSync(path: string): boolean {
    return this.files.has(nameIn(path))
  }

  readdirSync(): string[] {
    return [...this.files.keys()]
  }

  openSync(path: string): number {
    this.#open.set(this.#open.size + 1, this.#content(path))
    return this.#open.size
  }

  ftruncateSync(fd: number, size: number): void {
    const content = this.#open.get(fd)!
    content.bytes = content.bytes.slice(0, size)
  }

  writeSync(fd: number, bytes: Uint8Array, _offset: number, length: number, position: number): void {
    const content = this.#open.get(fd)!
    const grown = new Uint8Array(Math.max(content.bytes.length, position + length))
    grown.set(content.bytes)
    grown.set(bytes.subarray(0, length), position)
    content.bytes = grown
  }

  closeSync(): void {}

  #content(path: string): Content {
    const content = this.files.get(nameIn(path))
    if (!content) throw new Error(`there is no ${path}`)
    return content
  }
}

export interface MemoryBackend extends FileBackend {
  readonly volume: Volume
  openSync(name: string): BackendFile
}

export function memoryBackend({ volume = new Volume() }: { readonly volume?: Volume } = {}): MemoryBackend {
  const find = (name: string): Content => {
    assertFileName(name, 'memory')
    return volume.files.get(name) ?? fail('NOT_FOUND', name)
  }
  const openSync = (name: string): BackendFile => new MemoryFile(name, find(name))
  return {
    description: 'memory /varve',
    volume,
    openSync,
    list: async () => [...volume.files.keys()],
    open: async (name) => openSync(name),
    async create(name) {
      assertFileName(name, 'memory')
      if (volume.files.has(name)) fail('ALREADY_EXISTS', name)
      volume.files.set(name, { bytes: new Uint8Array() })
      return openSync(name)
    },
    async replace(from, to) {
      volume.files.set(to, find(from))
      volume.files.delete(from)
    },
    async remove(name) {
      find(name)
      volume.files.delete(name)
    },
    async lock(): Promise<BackendLock> {
      if (volume.holder) fail('LOCKED', 'in-process lock of /varve')
      const holder = {}
      volume.holder = holder
      return {
        description: 'in-process lock of /varve',
        async release() {
          if (volume.holder === holder) volume.holder = undefined
        },
      }
    },
    async destroy() {
      if (volume.holder) fail('LOCKED', 'in-process lock of /varve')
    },
  }
}

class MemoryFile implements BackendFile {
  readonly #name: string
  readonly #content: Content
  #isClosed = false

  constructor(name: string, content: Content) {
    this.#name = name
    this.#content = content
  }

  async size(): Promise<number> {
    return this.sizeSync()
  }

  sizeSync(): number {
    return this.#bytes().length
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return this.readSync(target, position)
  }

  readSync(target: Uint8Array, position: number): number {
    const bytes = this.#bytes().subarray(position, position + target.length)
    target.set(bytes)
    return bytes.length
  }

  async append(chunks: readonly Uint8Array[], position: number): Promise<void> {
    const before = this.#bytes()
    if (position !== before.length) fail('CONFLICT', this.#name)
    const grown = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, before.length))
    grown.set(before)
    let at = position
    for (const chunk of chunks) {
      grown.set(chunk, at)
      at += chunk.length
    }
    this.#content.bytes = grown
  }

  async truncate(size: number): Promise<void> {
    if (!(Number.isSafeInteger(size) && size >= 0 && size <= this.#bytes().length)) fail('CONFLICT', this.#name)
    this.#content.bytes = this.#content.bytes.slice(0, size)
  }

  async sync(): Promise<void> {
    this.#bytes()
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #bytes(): Uint8Array {
    return this.#isClosed ? fail('IO', `${this.#name} is closed`) : this.#content.bytes
  }
}

function nameIn(path: string): string {
  return path.slice('/varve/'.length)
}

function fail(code: BackendErrorCode, what: string): never {
  throw new BackendError(code, `memory /varve: ${what}: ${code}`)
}
