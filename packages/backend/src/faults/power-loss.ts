import type { BackendErrorCode } from '../backend-error.js'
import type { FileBackend } from '../file-backend.js'

/** The files of a container, by name. The bytes belong to whoever gave them: leave them alone. */
export type Files = ReadonlyMap<string, Uint8Array>

/** Which calls make names durable: what the contract asks for, all four of them. One that is left out is a planted bug. */
export type DirectorySync = readonly ('create' | 'replace' | 'remove' | 'lock')[]

export interface PowerLossOptions {
  /** The durable start. Default: no file. */
  readonly files?: Files
  /** Which calls make names durable. `true` (default): all that must. `false`: none, as in a backend that never syncs its directory. */
  readonly directorySync?: boolean | DirectorySync
  /** Whether the backend has `openSync` and its files `readSync`. Default true. */
  readonly synchronous?: boolean
  /**
   * Bytes of zeros that a file which was appended to may end in after a power cut, as where a backend takes space ahead, until a `truncate`
   * behind the last `append` is synced. Default 0.
   */
  readonly preallocation?: number
}

/** How many states, and which. The defaults suit files of a few kilobytes. */
export interface CrashStateOptions {
  /** Bytes of a sector, the unit in which an unsynced write is torn, zeroed or turned to garbage. Default 16. */
  readonly sectorSize?: number
  /** Sectors of one write that are torn and damaged in turn: of more, the first, the last and seeded ones between. Default 64. */
  readonly maxSectors?: number
  /** All subsets of the unsynced operations of a file, or of the directory, are tried where there are no more than this. Default 64. */
  readonly maxSubsets?: number
  /** All combinations of the states of several files under one state of the directory are tried where there are no more than this. Default 256. */
  readonly maxCombinations?: number
  /** Seeded states in addition, of each file whose writes are in doubt, every sector for itself. Default 8. */
  readonly samples?: number
  /** For the garbage, the samples and the choices between them. Default 1. */
  readonly seed?: number
}

/** What a power cut may have left: a value, which nothing changes any more. */
export interface CrashState {
  /** What became of each operation that was in doubt. */
  readonly description: string
  /** Of names and bytes: equal states have equal hashes. */
  readonly hash: string
  readonly files: Files
  /** A fresh backend that holds this state, all of it durable, unlocked, with the options of the one it comes from: so recovery can be crashed as well. */
  backend(): PowerLossBackend
  /** Writes the files into any backend; see `writeFiles`. */
  writeTo(backend: FileBackend): Promise<void>
}

/** A call that changes something, as `onStep` shows it. */
export interface PowerLossStep {
  /** Counts the calls that change something, from 1: the same number at each of its phases. */
  readonly number: number
  readonly kind: 'create' | 'replace' | 'remove' | 'lock' | 'append' | 'truncate' | 'sync'
  /** The file, `from` of a `replace`, nothing for `lock`. */
  readonly name?: string | undefined
  readonly to?: string | undefined
  /**
   * - `before`: it was called, and has no effect yet. So what the program promised since the last step stands against the states of now.
   * - `during` (not of `append`, `truncate` and `lock`, in which a power cut leaves nothing that one before or after them can't): a name has
   *   changed in the cache, or a sync is under way; nothing of it is durable for certain. A program that did not wait for the call has gone on.
   * - `after`: it is about to resolve or reject.
   */
  readonly phase: 'before' | 'during' | 'after'
}

export interface SyncFailure {
  /** Only a sync of the file that was opened with this name, or of the directory: `'directory'`. Default: a sync of any file. */
  readonly of?: { readonly name: string } | 'directory'
  /** How many syncs fail. Default 1. */
  readonly times?: number
  /** Default `IO`. */
  readonly code?: BackendErrorCode
}

/** A backend in memory that tells what is durable from what is only cached. Made by `powerLossBackend`. */
export interface PowerLossBackend extends FileBackend {
  /**
   * Every state that a power cut could leave now, each once: of the moment of this call, whatever happens before the last one is taken.
   * The first is the one in which nothing survives that is in doubt.
   */
  crashStates(options?: CrashStateOptions): Iterable<CrashState>
  /** One of these states, at random: the same one for the same seed. */
  crashState(seed: number, options?: Pick<CrashStateOptions, 'sectorSize'>): CrashState
  /** Changes whenever the states that a power cut could leave may have changed. */
  readonly revision: number
  /**
   * The next sync rejects, and its pages are lost: reads go on to show them, no later sync brings them to the medium, and only what is written
   * again, by `sync(rewriteFrom)` or by cutting back and appending, gets there. Of the directory: `create`, `replace` or `remove` rejects though the
   * name has changed, and that is in doubt until `lock` has resolved.
   */
  failNextSync(failure?: SyncFailure): void
  /** Calls `listener` at every step; where it returns a promise, the call waits for it. Returns the function that takes it off. */
  onStep(listener: (step: PowerLossStep) => void | Promise<void>): () => void
  /** The files as programs see them now, cached bytes and names too. */
  contents(): Files
  /** How many handles are open. */
  readonly openFiles: number
  readonly locked: boolean
}
