import { BackendError } from '@varve/backend'
import type { MessageEndpoint } from '../web-platform.js'
import { type Answer, type AnyRequest, isMarked, type Loss } from './protocol.js'

interface Waiting {
  resolve(value: never): void
  reject(error: BackendError): void
}

type Unnumbered<T> = T extends AnyRequest ? Omit<T, 'id'> : never

/** The calls that wait for an answer of a worker. */
export class WorkerCalls {
  readonly #worker: MessageEndpoint
  readonly #waiting = new Map<number, Waiting>()
  readonly #onLoss = new Map<number, (message: string) => void>()
  #count = 0
  #hasAnswered = false
  #failure: BackendError | undefined

  constructor(worker: MessageEndpoint) {
    this.#worker = worker
    worker.addEventListener('message', ({ data }) => {
      if (isMarked<Answer | Loss>(data)) this.#take(data)
    })
    worker.addEventListener('error', ({ message }) => {
      // Once it answers it has started, and whatever fails in it then is told to who called.
      if (!this.#hasAnswered) this.#fail(message)
    })
  }

  /** A number that nothing else has: for a backend, a file or a lock. */
  number(): number {
    return ++this.#count
  }

  call<T>(request: Unnumbered<AnyRequest>, transfer: ArrayBuffer[] = []): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure)
    const id = this.number()
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.postMessage({ ...request, id }, transfer)
    })
  }

  /** Calls back once when that lock is lost, unless `forget` comes first. */
  onLoss(lock: number, callback: (message: string) => void): void {
    this.#onLoss.set(lock, callback)
  }

  forget(lock: number): void {
    this.#onLoss.delete(lock)
  }

  #take(message: Answer | Loss): void {
    this.#hasAnswered = true
    if (message.varve === 'lost') return this.#onLoss.get(message.lock)?.(message.message)
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (!message.error) return waiting?.resolve(message.value as never)
    const { code, message: text, cause } = message.error
    waiting?.reject(new BackendError(code, text, { cause }))
  }

  #fail(message = 'it could not be loaded'): void {
    this.#failure = new BackendError('UNSUPPORTED', `opfs: the worker did not start: ${message}`)
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}
