import type { DurableFile } from './durable-file.js'

/** One change of the names. */
export type EntryChange =
  | { readonly type: 'create'; readonly name: string; readonly file: DurableFile }
  | { readonly type: 'replace'; readonly name: string; readonly to: string; readonly file: DurableFile }
  | { readonly type: 'remove'; readonly name: string }

/** @internal A change of the names with what is known of it: under way, done but not synced, of a failed sync, or on the medium for certain. */
export type EntryOperation = EntryChange & { readonly standing: 'underWay' | 'unsynced' | 'lost' | 'durable' }

/** @internal What a power cut finds of the names: never changes. */
export interface DirectorySnapshot {
  readonly durable: ReadonlyMap<string, DurableFile>
  readonly operations: readonly EntryOperation[]
}

/** @internal The names: as programs see them, and as the medium has them. */
export class DurableDirectory {
  readonly entries: Map<string, DurableFile>
  #snapshot: DirectorySnapshot

  constructor(files: ReadonlyMap<string, DurableFile>) {
    this.entries = new Map(files)
    this.#snapshot = { durable: files, operations: [] }
  }

  get snapshot(): DirectorySnapshot {
    return this.#snapshot
  }

  /** Programs see the change from now on. Returns the function that says how it ended. */
  begin(change: EntryChange): (end: 'unsynced' | 'lost' | 'durable') => void {
    applyChange(this.entries, change)
    let operation: EntryOperation = { ...change, standing: 'underWay' }
    this.#take([...this.#snapshot.operations, operation])
    return (end) => {
      const at = this.#snapshot.operations.indexOf(operation)
      operation = { ...operation, standing: end }
      this.#take(
        this.#snapshot.operations.map((other, index) => {
          if (index === at) return operation
          // The directory is synced as a whole, so what was only waiting for that goes with it.
          return index < at && end === 'durable' && other.standing === 'unsynced' ? { ...other, standing: end } : other
        }),
      )
    }
  }

  /** Every name is durable as programs see it, whatever failed before. */
  settle(): void {
    this.#take(this.#snapshot.operations.map((other) => (other.standing === 'underWay' ? other : { ...other, standing: 'durable' })))
  }

  #take(operations: readonly EntryOperation[]): void {
    const doubtful = operations.findIndex(({ standing }) => standing !== 'durable')
    const certain = doubtful < 0 ? operations.length : doubtful
    if (certain === 0) {
      this.#snapshot = { durable: this.#snapshot.durable, operations }
      return
    }
    const durable = new Map(this.#snapshot.durable)
    for (const operation of operations.slice(0, certain)) applyChange(durable, operation)
    this.#snapshot = { durable, operations: operations.slice(certain) }
  }
}

/** @internal `keepFrom`: a `replace` that is seen half done, with the new file under both names. */
export function applyChange(entries: Map<string, DurableFile>, change: EntryChange, keepFrom = false): void {
  if (change.type === 'create') entries.set(change.name, change.file)
  else if (change.type === 'remove') entries.delete(change.name)
  else {
    if (!keepFrom) entries.delete(change.name)
    entries.set(change.to, change.file)
  }
}
