import { assertFileName, BackendError, type BackendFile, type BackendLock, type FileBackend } from '@varve/backend'
import { Container } from './container.js'
import { destroyContainer } from './destroy-container.js'
import { withFile, withoutFile, withTrash } from './manifest.js'
import { resolveOptions, type S3BackendOptions } from './options.js'
import { S3File } from './s3-file.js'

export type { S3BackendOptions, S3Credentials } from './options.js'

/**
 * Keeps a store's files in a bucket of any S3-compatible store that knows conditional puts (`If-None-Match: *`). What was appended is durable
 * once the store has acknowledged it. Two writers can't both extend a file, whatever clocks, pauses and partitions do: the one that
 * comes too late gets `CONFLICT`, and its lock is lost.
 *
 * The lock has no time limit: one whose holder crashed stays until somebody takes it over (see {@link S3BackendOptions.takeover}).
 *
 * Throws a `TypeError` for an option that is not what it may be. Credentials are looked at with the first request.
 */
export function s3Backend(options: S3BackendOptions): FileBackend {
  return new S3Backend(new Container(resolveOptions(options)))
}

/** The backend, with its container for those who look inside: tests. */
export class S3Backend implements FileBackend {
  readonly description: string
  readonly container: Container

  constructor(container: Container) {
    this.container = container
    this.description = container.description
  }

  async list(): Promise<readonly string[]> {
    await this.container.refresh()
    return [...this.container.chain.current.files.keys()]
  }

  async open(name: string): Promise<BackendFile> {
    assertFileName(name, this.description)
    await this.container.refresh()
    const entry = this.container.chain.current.files.get(name)
    if (!entry) throw this.#error('NOT_FOUND', `open ${name}: there is no such file`)
    return new S3File(this.container, this.container.join(entry.id), name)
  }

  async create(name: string): Promise<BackendFile> {
    assertFileName(name, this.description)
    const { container } = this
    const id = container.unique()
    const path = `${name}/${id}`
    await container.update(`${this.description}: create ${name}`, (current) => {
      if (current.files.has(name)) throw this.#error('ALREADY_EXISTS', `create ${name}: there is such a file`)
      return withFile(current, name, { id, runs: [{ path, start: 0, writer: container.session }], loose: true })
    })
    const parts = container.join(id)
    parts.own(path, 0)
    parts.isFresh = true
    return new S3File(container, parts, name)
  }

  async replace(from: string, to: string): Promise<void> {
    for (const name of [from, to]) assertFileName(name, this.description)
    await this.container.update(`${this.description}: replace ${to} by ${from}`, (current) => {
      const entry = current.files.get(from)
      if (!entry) throw this.#error('NOT_FOUND', `replace ${to} by ${from}: there is no ${from}`)
      const replaced = current.files.get(to)?.runs ?? []
      return withTrash(withFile(withoutFile(current, from), to, entry), replaced)
    })
  }

  async remove(name: string): Promise<void> {
    assertFileName(name, this.description)
    await this.container.update(`${this.description}: remove ${name}`, (current) => {
      const entry = current.files.get(name)
      if (!entry) throw this.#error('NOT_FOUND', `remove ${name}: there is no such file`)
      return withTrash(withoutFile(current, name), entry.runs)
    })
  }

  lock(): Promise<BackendLock> {
    return this.container.takeLock()
  }

  destroy(): Promise<void> {
    return destroyContainer(this.container)
  }

  #error(code: 'NOT_FOUND' | 'ALREADY_EXISTS', message: string): BackendError {
    return new BackendError(code, `${this.description}: ${message}`)
  }
}
