import type { Random } from '@varve/backend/faults'
import type { Location } from '@varve/core'
import { pick } from '../programs/pick.js'
import type { Mark } from './marked-item.js'
import { covers, type Removal } from './removals.js'

/** An item that a process knows to have a place. */
export interface Holding {
  readonly mark: Mark
  readonly location: Location
}

// What lies farther back is dropped, so that a look at the whole store stays short however long it is used.
const MAX_FILES = 12
const MAX_ITEMS = 400

/** What a process knows to be in its store, for it to read and to remove. */
export class Holdings {
  #items: Holding[] = []
  /** Removals that are under way. */
  readonly #removing = new Set<Removal>()

  get items(): readonly Holding[] {
    return this.#items
  }

  reset(items: readonly Holding[]): void {
    this.#items = [...items]
  }

  add(item: Holding): void {
    this.#items.push(item)
  }

  /** Whether it may be gone: its removal is under way, or was done meanwhile. */
  mayBeGone({ location }: Holding): boolean {
    return [...this.#removing].some((removal) => covers(removal, location)) || !this.#items.some((item) => item.location === location)
  }

  /** Whether there is so much that the oldest file should go. */
  get isLong(): boolean {
    const files = this.#indexes.length
    return files > MAX_FILES || (files > 1 && this.#items.length > MAX_ITEMS)
  }

  get #indexes(): readonly number[] {
    return [...new Set(this.#items.map(({ location }) => location.index))].sort((a, b) => a - b)
  }

  /** A removal that makes sense now: of the oldest file where there is much, else of any. */
  chooseRemoval(random: Random): Removal | undefined {
    const indexes = this.#indexes
    const oldest = indexes[0]
    if (oldest === undefined) return undefined
    if (this.isLong) return { kind: 'drop', index: oldest, position: 0 }
    const index = pick(random, [oldest, pick(random, indexes), indexes.at(-1) as number])
    const { position } = pick(
      random,
      this.#items.filter(({ location }) => location.index === index),
    ).location
    const kind = pick(random, ['ltrim', 'ltrim', 'rtrim', 'drop'] as const)
    return { kind, index, position: kind === 'drop' ? 0 : position }
  }

  begin(removal: Removal): void {
    this.#removing.add(removal)
  }

  /** The removal is over. Even where it failed nobody knows what is left: nothing of it is read or removed again. */
  end(removal: Removal): void {
    this.#removing.delete(removal)
    this.#items = this.#items.filter(({ location }) => !covers(removal, location))
  }
}
