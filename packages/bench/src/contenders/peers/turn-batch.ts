/** Gives a store that commits many items as cheaply as one all that came while it was busy, or in the same turn of the event loop. */
export class TurnBatch {
  readonly #commit: (items: readonly Uint8Array[]) => Promise<unknown>
  #waiting: { item: Uint8Array; resolve: () => void; reject: (error: unknown) => void }[] = []
  #running = false

  constructor(commit: (items: readonly Uint8Array[]) => Promise<unknown>) {
    this.#commit = commit
  }

  add(item: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      if (this.#running) return
      this.#running = true
      setImmediate(() => void this.#run())
    })
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        await this.#commit(batch.map(({ item }) => item))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
      // Those that were woken just now may add to the next one.
      await new Promise(setImmediate)
    }
    this.#running = false
  }
}
