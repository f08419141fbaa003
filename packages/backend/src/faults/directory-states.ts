import { applyChange, type DirectorySnapshot, type EntryOperation } from './durable-directory.js'
import type { DurableFile } from './durable-file.js'
import { fatesOf, randomFates } from './fates.js'
import type { CrashStateOptions } from './power-loss.js'
import type { Random } from './seeded-random.js'

/** @internal One thing that a power cut may leave of the names. */
export interface DirectoryState {
  readonly entries: ReadonlyMap<string, DurableFile>
  /** What became of each change that was in doubt; empty where none was. */
  describe(): string
}

/** @internal Everything that a power cut may leave of the names; some of it more than once. */
export function* directoryStates(snapshot: DirectorySnapshot, options: Required<CrashStateOptions>): Generator<DirectoryState> {
  for (const fates of fatesOf(waysOf(snapshot), options)) yield assemble(snapshot, fates)
}

/** @internal */
export function randomDirectoryState(snapshot: DirectorySnapshot, random: Random): DirectoryState {
  return assemble(snapshot, randomFates(waysOf(snapshot), random))
}

function doubtful(operations: readonly EntryOperation[]): EntryOperation[] {
  return operations.filter(({ standing }) => standing !== 'durable')
}

// The contract says of a `replace` that `to` changes in one step, not that `from` goes with it.
function waysOf({ operations }: DirectorySnapshot): number[] {
  return doubtful(operations).map(({ type }) => (type === 'replace' ? 3 : 2))
}

function assemble({ durable, operations }: DirectorySnapshot, fates: readonly number[]): DirectoryState {
  if (operations.length === 0) return { entries: durable, describe: () => '' }
  const entries = new Map(durable)
  let next = 0
  for (const operation of operations) {
    const fate = operation.standing === 'durable' ? 1 : fates[next++]!
    if (fate > 0) applyChange(entries, operation, fate === 2)
  }
  return { entries, describe: () => describe(doubtful(operations), fates) }
}

function describe(inDoubt: readonly EntryOperation[], fates: readonly number[]): string {
  return inDoubt
    .map((operation, index) => {
      const to = operation.type === 'replace' ? ` to ${operation.to}` : ''
      return `${operation.type} ${operation.name}${to} ${['lost', 'there', 'there, under both names'][fates[index]!]}`
    })
    .join(', ')
}
