import type { Random } from '@varve/backend/faults'
import { VarveError } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { isOfTheMedium, namedError } from '../watch/named-error.js'
import { assertIs } from './observe-store.js'
import { chooseOperations } from './operations.js'
import { report } from './report.js'
import type { Writer } from './writer.js'

export interface LoadOptions {
  readonly random: Random
  /** How many operations may begin together. */
  readonly width: number
  /** After how many rounds of them it is over. */
  readonly rounds: number
  /** The medium may fail: errors by name are met as a program would meet them, and are told. Otherwise any error breaks the promise. */
  readonly onFaultyMedium: boolean
  /** So many times in a row the medium may fail before the program gives up. */
  readonly patience: number
}

const READ_AFTER_FAILURE = 20

/** Uses a writer's store without end, or for so many rounds: many things at a time, and now and then it is stopped and started again. */
export class Load {
  readonly #writer: Writer
  readonly #options: LoadOptions
  #failures = 0

  constructor(writer: Writer, options: LoadOptions) {
    this.#writer = writer
    this.#options = options
  }

  /** Opens the store and uses it. Resolves to whether it came to its end; `false` where it gave up, or somebody else has stopped the store. */
  async run(): Promise<boolean> {
    const { random, rounds, width } = this.#options
    let isOpen = await this.#open()
    for (let round = 0; isOpen && round < rounds; round++) {
      const operations = chooseOperations(random, { width })
      const outcomes = await Promise.allSettled(operations.map((operation) => operation(this.#writer, random)))
      const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
      for (const error of errors) this.#meet('operation', error)
      if (errors.length === 0) this.#failures = 0
      const { state } = this.#writer.store
      if (!this.#options.onFaultyMedium && state !== 'running') return false
      if (this.#failures > this.#options.patience) return false
      if (state === 'failed') isOpen = await this.#startAgain()
      else if (random(30) === 0) isOpen = await this.#restart()
    }
    return isOpen
  }

  /** Stops the store. On a medium that fails it may take several tries, and come to nothing. */
  async stop(): Promise<boolean> {
    const { store } = this.#writer
    for (this.#failures = 0; this.#failures <= this.#options.patience; ) if (await this.#try('stop', () => store.stop())) return true
    return false
  }

  /** Stops the store, and opens it again. */
  async #restart(): Promise<boolean> {
    if (!(await this.#try('stop', () => this.#writer.store.stop()))) return this.#failures <= this.#options.patience
    this.#writer.beginLife()
    return this.#open()
  }

  /** What is durable can be read of a store that failed; then it is started again, which recovers it. */
  async #startAgain(): Promise<boolean> {
    const { store, holdings } = this.#writer
    for (const item of holdings.items.slice(-READ_AFTER_FAILURE)) {
      if (!this.#writer.isDurable(item.mark) || holdings.mayBeGone(item)) continue
      await this.#try('read', async () => assertIs(await store.read(item.location), item.mark, item.location))
    }
    await this.#try('stop', () => store.stop())
    this.#writer.beginLife()
    return this.#open()
  }

  async #open(): Promise<boolean> {
    while (!(await this.#try('start', () => this.#writer.open()))) {
      if (this.#failures > this.#options.patience) return false
      if (this.#writer.store.state === 'running') await this.#try('stop', () => this.#writer.store.stop())
      this.#writer.beginLife()
    }
    return true
  }

  async #try(operation: string, action: () => Promise<void>): Promise<boolean> {
    try {
      await action()
      return true
    } catch (error) {
      this.#meet(operation, error)
      return false
    }
  }

  /** Takes an error as a program must, where it may come; else throws it. */
  #meet(operation: string, error: unknown): void {
    if (error instanceof BrokenPromise) throw error
    const { state } = this.#writer.store
    const { onFaultyMedium } = this.#options
    // Somebody has stopped the store: what came too late was refused.
    if (!onFaultyMedium && state !== 'running' && VarveError.is(error) && error.code === 'NOT_RUNNING') return
    if (!onFaultyMedium) throw error
    const { code, message } = namedError(error, operation)
    const isExpected = isOfTheMedium(code) || code === 'TIMEOUT' || code === 'NOT_RUNNING'
    if (!isExpected) throw new BrokenPromise(`${operation} ended in ${code} on a medium that fails: ${message}`, { cause: error })
    this.#failures++
    report({ is: 'refused', operation, code, message })
  }
}
