import type { Varve } from 'varve'

export interface Entry {
  readonly guest: string
  readonly words: string
}

/** What is to be tested: an application's own class on a store that it is given. */
export class GuestBook {
  readonly #db: Varve

  constructor(db: Varve) {
    this.#db = db
  }

  /** Resolves once the entry is on stable storage. */
  async sign(entry: Entry): Promise<void> {
    await this.#db.add(new TextEncoder().encode(JSON.stringify(entry)), { durable: true })
  }

  /** A party signs together, or not at all. */
  async signTogether(entries: readonly Entry[]): Promise<void> {
    const transaction = this.#db.transaction()
    for (const entry of entries) transaction.add(new TextEncoder().encode(JSON.stringify(entry)))
    await transaction.commit()
  }

  async entries(): Promise<Entry[]> {
    const entries: Entry[] = []
    for await (const { data } of this.#db.scan()) entries.push(JSON.parse(new TextDecoder().decode(data)))
    return entries
  }
}
