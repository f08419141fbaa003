import type { Dataset } from './workload.js'

/**
 * Something that keeps items: the store, or what it is measured against. Each gives every verb its own best way,
 * so that no row compares a fast path with a slow one.
 */
export interface Contender {
  readonly name: string
  /** Opens an empty place for items at `directory`, which is there. */
  create(directory: string): Promise<Writer>
  /** Lays down all items of a data set at `directory`, so that {@link open} finds them. */
  fill(directory: string, dataset: Dataset): Promise<void>
  /** Opens what {@link fill} laid down. */
  open(directory: string, dataset: Dataset): Promise<Reader>
}

export interface Writer {
  /** Takes many items in one call. */
  addMany(items: readonly Uint8Array[]): Promise<void>
  /** Takes one item. */
  add(item: Uint8Array): Promise<unknown>
  /** Takes one item and resolves once it is on stable storage. Many may be under way at once. */
  addDurable(item: Uint8Array): Promise<unknown>
  /** Resolves once all items are on stable storage. */
  sync(): Promise<void>
  close(): Promise<void>
}

export interface Reader {
  /** Item `n` of the data set, in memory of its own. */
  readSync(n: number): Uint8Array
  read(n: number): Promise<Uint8Array>
  /** Calls `visit` with every item in order. */
  scan(visit: (item: Uint8Array) => void): Promise<void>
  close(): Promise<void>
}
