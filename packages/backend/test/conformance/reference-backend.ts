import { assertFileName, BackendError, type BackendErrorCode, type BackendFile, type BackendLock, type FileBackend } from '@varve/backend'

/** A file itself, whatever name it has. */
export interface Content {
  bytes: Uint8Array
}

/** What several backends, as if in several processes, have in common. */
export class Medium {
  readonly files = new Map<string, Content>()
  exists = false
  holder: object | undefined
}

/** The contract in its simplest form: what the suite must be content with, and what every flaw is made from. */
export class ReferenceBackend implements FileBackend {
  readonly description = 'reference'

  constructor(readonly medium: Medium) {}

  async list(): Promise<readonly string[]> {
    return [...this.medium.files.keys()]
  }

  async open(name: string): Promise<BackendFile> {
    return this.openSync(name)
  }

  openSync(name: string): BackendFile {
    this.check(name)
    return new ReferenceFile(name, this.find(name))
  }

  async create(name: string): Promise<BackendFile> {
    this.check(name)
    if (this.medium.files.has(name)) throw failed('ALREADY_EXISTS', name)
    this.medium.exists = true
    const content = { bytes: new Uint8Array(0) }
    this.medium.files.set(name, content)
    return new ReferenceFile(name, content)
  }

  async replace(from: string, to: string): Promise<void> {
    this.check(from)
    this.check(to)
    this.medium.files.set(to, this.find(from))
    this.medium.files.delete(from)
  }

  async remove(name: string): Promise<void> {
    this.check(name)
    this.find(name)
    this.medium.files.delete(name)
  }

  async lock(): Promise<BackendLock> {
    const { medium } = this
    if (medium.holder) throw failed('LOCKED', 'the reference lock')
    medium.exists = true
    const holder = {}
    medium.holder = holder
    return {
      description: 'the reference lock',
      release: async () => {
        if (medium.holder === holder) medium.holder = undefined
      },
    }
  }

  async destroy(): Promise<void> {
    if (this.medium.holder) throw failed('LOCKED', 'the reference lock')
    if (this.medium.files.size === 0) this.medium.exists = false
  }

  /** Overridden by the flaw that serves any name. */
  check(name: string): void {
    assertFileName(name, this.description)
  }

  find(name: string): Content {
    const content = this.medium.files.get(name)
    if (!content) throw failed('NOT_FOUND', name)
    return content
  }
}

export class ReferenceFile implements BackendFile {
  protected closed = false

  constructor(
    readonly name: string,
    readonly content: Content,
  ) {}

  async size(): Promise<number> {
    return this.sizeSync()
  }

  sizeSync(): number {
    this.check()
    return this.content.bytes.byteLength
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return this.readSync(target, position)
  }

  readSync(target: Uint8Array, position: number): number {
    this.check()
    const bytes = this.content.bytes.subarray(position, position + target.byteLength)
    target.set(bytes)
    return bytes.byteLength
  }

  async append(chunks: readonly Uint8Array[], position: number): Promise<void> {
    this.check()
    if (position !== this.content.bytes.byteLength) throw failed('CONFLICT', this.name)
    this.content.bytes = concatenated([this.content.bytes, ...chunks])
  }

  async truncate(size: number): Promise<void> {
    this.check()
    if (!(Number.isInteger(size) && size >= 0 && size <= this.content.bytes.byteLength)) throw failed('CONFLICT', this.name)
    this.content.bytes = this.content.bytes.slice(0, size)
  }

  async sync(_rewriteFrom?: number): Promise<void> {
    this.check()
  }

  async close(): Promise<void> {
    this.closed = true
  }

  protected check(): void {
    if (this.closed) throw failed('IO', this.name)
  }
}

export function failed(code: BackendErrorCode, what: string): BackendError {
  return new BackendError(code, `reference: ${what}: ${code}`)
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0))
  let position = 0
  for (const part of parts) {
    bytes.set(part, position)
    position += part.byteLength
  }
  return bytes
}
