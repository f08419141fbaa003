interface Holding {
  readonly name: string | undefined
  readonly giveBack: () => Promise<void>
}

/** @internal The handles and locks that a process has: what a system takes back when the process ends. */
export class Holdings {
  readonly #held = new Map<object, Holding>()

  /** A handle, with its name, or a lock, without one. */
  add(holding: object, name: string | undefined, giveBack: () => Promise<void>): void {
    this.#held.set(holding, { name, giveBack })
  }

  /** It was given back. */
  delete(holding: object): void {
    this.#held.delete(holding)
  }

  get files(): string[] {
    return [...this.#held.values()].flatMap(({ name }) => name ?? [])
  }

  get locks(): number {
    return this.#held.size - this.files.length
  }

  async giveBack(holding: object): Promise<void> {
    const held = this.#held.get(holding)
    this.#held.delete(holding)
    await held?.giveBack()
  }

  /** Locks last: another process may come in only when nothing of this one is left. An error leaves nobody to tell. */
  async giveBackAll(): Promise<void> {
    const ordered = [...this.#held].sort(([, a], [, b]) => Number(a.name === undefined) - Number(b.name === undefined))
    for (const [holding] of ordered) await this.giveBack(holding).catch(() => undefined)
  }
}
