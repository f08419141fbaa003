/** A queue: in at the end, out at the front, both in constant time. */
export class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  /** The n-th from the front. */
  at(n: number): T | undefined {
    return this.#items[this.#head + n]
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (this.#head === this.#items.length) return undefined
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /** Takes one out of the middle. */
  remove(item: T): boolean {
    const found = this.#items.indexOf(item, this.#head)
    if (found < 0) return false
    this.#items.splice(found, 1)
    return true
  }

  /** Empties the queue and gives what was in it. */
  drain(): T[] {
    const rest = this.#items.slice(this.#head) as T[]
    this.#items = []
    this.#head = 0
    return rest
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let n = 0; n < this.length; n++) yield this.at(n) as T
  }
}
