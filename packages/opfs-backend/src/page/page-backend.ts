import { BackendError, type BackendFile, type BackendLock, type FileBackend } from '@varve/backend'
import { containerPath } from '../container-path.js'
import { sharedWorker } from '../shared-worker.js'
import type { MessageEndpoint } from '../web-platform.js'
import { PageFile } from './page-file.js'
import type { Request } from './protocol.js'
import { WorkerCalls } from './worker-calls.js'

export interface OpfsPageBackendOptions {
  /** A worker of yours, which imports `@varve/opfs-backend/worker`. By default one is started with the first call and shared by all of the page. */
  readonly worker?: MessageEndpoint
}

/**
 * `opfsBackend` for a page: the files are in a worker's hands, the engine and the `Varve` API are the page's. Nothing of it is synchronous: `readSync` is `UNSUPPORTED`.
 * The page, any worker and any other tab may have backends on the same directory: one of them writes.
 */
export function opfsPageBackend(path = 'varve', { worker }: OpfsPageBackendOptions = {}): FileBackend {
  return new PageBackend(path, worker)
}

const callsOf = new WeakMap<MessageEndpoint, WorkerCalls>()

class PageBackend implements FileBackend {
  readonly description: string
  readonly #path: string
  readonly #worker: MessageEndpoint | undefined
  #number: number | undefined

  constructor(path: string, worker: MessageEndpoint | undefined) {
    this.#path = containerPath(path)
    this.description = `opfs ${this.#path}`
    this.#worker = worker
  }

  list(): Promise<readonly string[]> {
    return this.#call('list')
  }

  open(name: string): Promise<BackendFile> {
    return this.#open('open', name)
  }

  create(name: string): Promise<BackendFile> {
    return this.#open('create', name)
  }

  replace(from: string, to: string): Promise<void> {
    return this.#call('replace', [from, to])
  }

  remove(name: string): Promise<void> {
    return this.#call('remove', [name])
  }

  async lock(): Promise<BackendLock> {
    const calls = this.#calls()
    const number = calls.number()
    const lost = new AbortController()
    calls.onLoss(number, (message) => lost.abort(new BackendError('LOCKED', message)))
    try {
      const description = await this.#call<string>('lock', [], number)
      return { description, lost: lost.signal, release: () => this.#release(number) }
    } catch (error) {
      calls.forget(number)
      throw error
    }
  }

  destroy(): Promise<void> {
    return this.#call('destroy')
  }

  async #release(lock: number): Promise<void> {
    this.#calls().forget(lock)
    await this.#calls().call({ varve: 'release', lock })
  }

  async #open(method: 'open' | 'create', name: string): Promise<BackendFile> {
    const number = this.#calls().number()
    await this.#call(method, [name], number)
    return new PageFile(this.#calls(), number, `${this.description}: ${name}`)
  }

  async #call<T>(method: Request['method'], names: readonly string[] = [], opens = 0): Promise<T> {
    const calls = this.#calls()
    this.#number ??= calls.number()
    return calls.call<T>({ varve: 'call', backend: this.#number, path: this.#path, method, names, opens })
  }

  #calls(): WorkerCalls {
    const worker = this.#worker ?? sharedWorker()
    let calls = callsOf.get(worker)
    if (!calls) callsOf.set(worker, (calls = new WorkerCalls(worker)))
    return calls
  }
}
