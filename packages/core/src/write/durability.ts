import { storeFailure, VarveError } from '../errors.js'
import { Fifo } from '../fifo.js'
import type { Location } from '../location.js'

/** The end of what is durable and whole: everything before it survives a power loss, and no transaction is cut by it. */
export interface Frontier {
  readonly index: number
  readonly position: number
  readonly sequence: number
}

interface Attempt {
  /** Everything before this sequence has to be durable. */
  readonly sequence: number
  readonly locations: readonly Location[]
  readonly resolve: () => void
  readonly reject: (error: VarveError) => void
}

interface Watch {
  readonly index: number
  readonly position: number
  readonly resolve: () => void
  readonly reject: (error: VarveError) => void
}

/** What is durable, and who waits for it. */
export class Durability {
  #frontier: Frontier
  #failure: VarveError | undefined
  readonly #attempts = new Fifo<Attempt>()
  #watches: Watch[] = []
  #wakesWhenAccepted = false
  #advanced: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  constructor(frontier: Frontier) {
    this.#frontier = frontier
  }

  get frontier(): Frontier {
    return this.#frontier
  }

  covers(index: number, position: number): boolean {
    const frontier = this.#frontier
    return index < frontier.index || (index === frontier.index && position < frontier.position)
  }

  /** Resolves when everything before `sequence` is durable; rejects where an attempt to make it so fails. In order of sequence. */
  attempt(sequence: number, locations: readonly Location[]): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failed(locations))
    if (sequence <= this.#frontier.sequence) return Promise.resolve()
    return new Promise((resolve, reject) => this.#attempts.push({ sequence, locations, resolve, reject }))
  }

  /** Resolves when the item there, which is not durable yet, is; whatever attempts fail before. Rejects where it never will be. */
  watch(index: number, position: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failed([]))
    return new Promise((resolve, reject) => this.#watches.push({ index, position, resolve, reject }))
  }

  /** Resolves at the next advance, failure or end, or also when something is accepted. */
  nextChange(withAccepted: boolean): Promise<void> {
    this.#wakesWhenAccepted ||= withAccepted
    if (!this.#advanced) {
      let resolve!: () => void
      const promise = new Promise<void>((settle) => void (resolve = settle))
      this.#advanced = { promise, resolve }
    }
    return this.#advanced.promise
  }

  advance(frontier: Frontier): void {
    this.#frontier = frontier
    for (let next = this.#attempts.peek(); next && next.sequence <= frontier.sequence; next = this.#attempts.peek()) {
      this.#attempts.shift()
      next.resolve()
    }
    if (this.#watches.length > 0) {
      const waiting = this.#watches
      this.#watches = []
      for (const watch of waiting) {
        if (this.covers(watch.index, watch.position)) watch.resolve()
        else this.#watches.push(watch)
      }
    }
    this.notify()
  }

  /** An attempt failed in a way that may be tried again: those who asked for it learn so. */
  refuse(code: VarveError['code'], message: string, cause: unknown): void {
    for (const { locations, reject } of this.#attempts.drain()) {
      reject(new VarveError(code, message, { cause, pending: true, locations }))
    }
  }

  /** Nothing more will become durable. */
  fail(cause: VarveError): void {
    this.#failure = cause
    for (const { locations, reject } of this.#attempts.drain()) reject(this.#failed(locations))
    for (const { reject } of this.#watches.splice(0)) reject(this.#failed([]))
    this.notify()
  }

  /** Something was accepted: wakes those who want to know. */
  noteAccepted(): void {
    if (this.#wakesWhenAccepted) this.notify()
  }

  /** Wakes those who follow. */
  notify(): void {
    const advanced = this.#advanced
    this.#advanced = undefined
    this.#wakesWhenAccepted = false
    advanced?.resolve()
  }

  #failed(locations: readonly Location[]): VarveError {
    return storeFailure(`the store failed before this was durable: ${this.#failure?.message}`, this.#failure, { locations })
  }
}
