/** Runs one action after the other, whatever becomes of those before. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Resolves when all that was asked for so far is done. */
  async done(): Promise<void> {
    await this.#last
  }
}
