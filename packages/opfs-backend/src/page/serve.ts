import type { BackendFile, BackendLock, FileBackend } from '@varve/backend'
import { opfsBackend } from '../opfs-backend.js'
import { messageOf, opfsError } from '../opfs-error.js'
import type { MessageEndpoint } from '../web-platform.js'
import { type Answer, type AnyRequest, type FileRequest, isMarked, type Loss, type Request } from './protocol.js'

/** Answers the backends of a page, on the worker's side. */
export function serve(page: MessageEndpoint): void {
  const server = new Server(page)
  page.addEventListener('message', ({ data }) => {
    if (isMarked<AnyRequest>(data)) server.answer(data)
  })
}

class Server {
  readonly #page: MessageEndpoint
  readonly #backends = new Map<number, FileBackend>()
  readonly #files = new Map<number, BackendFile>()
  readonly #locks = new Map<number, BackendLock>()

  constructor(page: MessageEndpoint) {
    this.#page = page
  }

  answer(request: AnyRequest): void {
    this.#do(request).then(
      (value) => this.#send({ varve: 'answer', id: request.id, value }, value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : []),
      (thrown: unknown) => {
        const { code, message, cause } = opfsError(thrown, 'opfs')
        this.#send({ varve: 'answer', id: request.id, error: { code, message, cause: cause === undefined ? undefined : messageOf(cause) } })
      },
    )
  }

  async #do(request: AnyRequest): Promise<unknown> {
    if (request.varve === 'file') return this.#doWith(request)
    if (request.varve === 'call') return this.#call(request)
    await this.#locks.get(request.lock)?.release()
    this.#locks.delete(request.lock)
    return undefined
  }

  async #call({ backend: number, path, method, names, opens }: Request): Promise<unknown> {
    const backend = this.#backends.get(number) ?? opfsBackend(path, { keepOpen: 0 })
    this.#backends.set(number, backend)
    const [name = '', to = ''] = names
    if (method === 'list') return backend.list()
    if (method === 'replace') return backend.replace(name, to)
    if (method === 'remove') return backend.remove(name)
    if (method === 'destroy') return backend.destroy()
    if (method === 'lock') return this.#locked(await backend.lock(), opens)
    this.#files.set(opens, await backend[method](name))
    return undefined
  }

  #locked(lock: BackendLock, number: number): string {
    this.#locks.set(number, lock)
    lock.lost?.addEventListener('abort', () => this.#send({ varve: 'lost', lock: number, message: messageOf(lock.lost?.reason) }))
    return lock.description
  }

  async #doWith({ file: number, method, at = 0, length, bytes }: FileRequest): Promise<unknown> {
    const file = this.#files.get(number)!
    if (method === 'size') return file.size()
    if (method === 'append') return file.append([bytes!], at)
    if (method === 'truncate') return file.truncate(at)
    if (method === 'sync') return file.sync(at < 0 ? undefined : at)
    if (method === 'read') {
      const target = new Uint8Array(length)
      return target.subarray(0, await file.read(target, at))
    }
    this.#files.delete(number)
    return file.close()
  }

  #send(message: Answer | Loss, transfer: ArrayBuffer[] = []): void {
    this.#page.postMessage(message, transfer)
  }
}
