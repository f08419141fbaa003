import type { Dataset, Measurement, Setting, Workload } from './workload.js'

/** What a contender may be asked to do; `copied` is to be opened where its files were copied to. */
export type Verb =
  | 'addMany'
  | 'add'
  | 'addDurable'
  | 'commit'
  | 'readWhileWriting'
  | 'reopen'
  | 'copied'
  | 'readSync'
  | 'read'
  | 'scan'
  | 'follow'
  | 'followBeside'

/**
 * Something that keeps items: the store, or what it is measured against. Each gives every verb its own best way,
 * so that no row compares a fast path with a slow one.
 */
export interface Contender {
  readonly name: string
  /** The store itself, what the machine gives at most, or another store. */
  readonly role: 'store' | 'limit' | 'peer'
  /** The package it is in, among those of `peers/package.json`. */
  readonly package?: string
  /** Where what it gives as stored does not survive a power loss. It is shown in rows that are about that, and compared with nothing there. */
  readonly notDurable?: NotDurable
  /** What it is not asked to do, and why. */
  readonly cannot: Readonly<Partial<Record<Verb, string>>>
  /** The largest item it takes, in bytes. */
  readonly largestItem?: number
  /** Throws, with the reason, where it can't run on this machine; otherwise gives its version. */
  probe(): Promise<string>
  /** Opens a place for items at `directory`, which is there and holds `items` of them. */
  create(directory: string, items?: number): Promise<Writer>
  /** Lays down all items of a data set at `directory`, so that {@link open} finds them. */
  fill(directory: string, dataset: Dataset): Promise<void>
  /** Opens what {@link fill} laid down. */
  open(directory: string, dataset: Dataset): Promise<Reader>
  /** Sees the items that another process adds to `directory` from now on, in order. */
  followBeside?(directory: string, visit: Visit): Promise<Following>
  /** Measures itself, where it is not of JavaScript; then it is asked for nothing else. */
  measure?(workload: Workload, setting: Setting): Promise<Measurement>
}

export interface NotDurable {
  /** Its single commits only, and a sync at the end is one; or whatever it does. */
  readonly what: 'commits' | 'everything'
  readonly why: string
}

export type Visit = (item: Uint8Array) => void

/** What an item is found by: whatever the contender likes. */
export type Key = unknown

export interface Writer {
  /** Takes many items in one call. */
  addMany(items: readonly Uint8Array[]): Promise<void>
  /** Takes one item, and gives what it can be read by. */
  add?(item: Uint8Array): Promise<Key>
  /** Takes one item and resolves once it is on stable storage. Many may be under way at once. */
  addDurable?(item: Uint8Array): Promise<unknown>
  /** Takes all or none of the items, and resolves once they are on stable storage. */
  commit?(items: readonly Uint8Array[]): Promise<unknown>
  /** An item that {@link add} took. */
  read?(key: Key): Promise<Uint8Array | undefined>
  /** Sees the items that are added from now on, in order. */
  follow?(visit: Visit): Promise<Following>
  /** Resolves once all items are on stable storage. */
  sync(): Promise<void>
  close(): Promise<void>
}

export interface Following {
  close(): Promise<void>
}

export interface Reader {
  /** What item `n` of the data set is found by; asked for before the clock starts. */
  key(n: number): Key
  /** An item, in memory of its own. */
  readSync?(key: Key): Uint8Array | undefined
  read?(key: Key): Promise<Uint8Array | undefined>
  /** Calls `visit` with every item in order. */
  scan?(visit: Visit): Promise<void>
  close(): Promise<void>
}
