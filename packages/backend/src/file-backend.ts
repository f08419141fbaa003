/**
 * Where a store keeps its files: a flat container of named files, of which each is only
 * ever appended to, cut at its end, replaced whole or removed. No byte ever changes its value,
 * so the contract also fits stores that cannot overwrite.
 *
 * Every method rejects with a {@link BackendError}, whose message names the file, and with nothing else; none throws
 * before it returns its promise. What is said to be durable survives a power loss from the moment the promise resolves.
 * A method that rejects may have taken effect or not, unless its guarantee says otherwise.
 *
 * Names are 1 to 255 characters of `A-Z a-z 0-9 . _ -`, never `.` or `..`, and never begin with `.lock`, which is left to the
 * backend's own files. Every method refuses another name with `UNSUPPORTED`, so none reaches outside the container
 * ({@link assertFileName} does that). No two names differ only in case, and none ends in `.`: not every medium could tell them apart.
 *
 * Positions and sizes count bytes from 0. A file may be longer than what was appended to it, where a backend takes space ahead: the
 * excess reads as zeros. The backend that took it keeps it out of sight: its `size`, `read` and `append` end where the
 * appended bytes do, and `close` gives it back. Another process, or this one after a crash, may find it as
 * zeros at the end of the file, counted by `size` like any bytes, until a writer cuts them off with `truncate`.
 *
 * The caller is one writer that holds the lock, beside any number of readers that do not. Calls on
 * different files, and reads of one file, may overlap in any way; calls that change one file never overlap each other.
 */
export interface FileBackend {
  /** What it is and where, for messages: `fs ./blocks`. */
  readonly description: string

  /** The names of all files, in any order, the lock's own left out; empty where there is no container yet. Other things that the medium holds there may be named too. */
  list(): Promise<readonly string[]>

  /** Opens a file that is there. `NOT_FOUND` where it is not. Reads and writes start at no place of their own: every call gives its position. */
  open(name: string): Promise<BackendFile>

  /** The same at once, where the medium can. A backend that has it has `readSync` and `sizeSync` on all its files. */
  openSync?(name: string): BackendFile

  /**
   * Creates an empty file and opens it; the name is durable when it resolves. Exclusive: of any number of
   * calls for one name exactly one succeeds, and `ALREADY_EXISTS` leaves the file that is there as it is.
   * Makes the container where there is none; a container it makes is durable too.
   * Where the name could not be made durable it rejects with `IO`, never with a code that invites another try.
   */
  create(name: string): Promise<BackendFile>

  /**
   * Gives the file `from` the name `to`, taking the place of a file of that name, in one step: whoever opens `to` meanwhile, and
   * whoever looks after a crash at any instant, finds the old file whole or the new one whole. Durable when it resolves.
   * `NOT_FOUND` where there is no `from`, `BUSY` where an open file forbids it; then nothing has changed.
   * The bytes of `from` are durable only as far as they were synced. The two names are never the same.
   */
  replace(from: string, to: string): Promise<void>

  /** Removes a file; durable when it resolves. `NOT_FOUND` where there is none, `BUSY` where an open file forbids it; then nothing has changed. */
  remove(name: string): Promise<void>

  /**
   * Makes the caller the only writer, across processes, until it releases the lock or its process ends, however it ends.
   * `LOCKED`, with a message that says who holds it, where another has it, in this process or in any other; it never waits for the other.
   * Makes the container where there is none. When it resolves, every name that `list` gives is durable: one that a
   * crashed writer left behind unsynced is from here on either gone or there to stay.
   */
  lock(): Promise<BackendLock>

  /**
   * Removes the container itself if no file is left in it; otherwise, or where there is none, it does nothing.
   * `LOCKED` where somebody holds the lock; then nothing has changed.
   */
  destroy(): Promise<void>
}

/**
 * An open file: that very file, whatever takes its name later. After its name was replaced or removed, reads give its own
 * bytes or reject, and never give those of the new file.
 *
 * After `close` every other method rejects with `IO` (`readSync` and `sizeSync` throw it).
 */
export interface BackendFile {
  /** The length in bytes. */
  size(): Promise<number>

  /** The same at once, where the medium can. */
  sizeSync?(): number

  /**
   * Fills `target` with the bytes from `position` on and resolves to how many there were: fewer than asked only
   * where the file ends, 0 at or behind its end, or where `target` is empty. Bytes of `target` behind that count are undefined;
   * the memory around it is never touched. `target` must be left alone until then, and need not be served where it is over a `SharedArrayBuffer`.
   */
  read(target: Uint8Array, position: number): Promise<number>

  /** The same at once, where the medium can. A backend has it on all its files or on none. */
  readSync?(target: Uint8Array, position: number): number

  /**
   * What `readSync` does, or `undefined`, with nothing done but to the target, where that is expected to wait for the medium: then `read` is the way, which keeps nothing else waiting. For small reads under an asynchronous verb, where
   * a round through other threads takes longer than the read. No backend needs it.
   */
  readIfPrompt?(target: Uint8Array, position: number): number | undefined

  /**
   * Writes the chunks one after the other (1 to 1024 of them, together below 2 GiB, any of them empty) from `position` on, which must be the
   * end of the file; `CONFLICT` where it isn't, with nothing written. All of it or an error; after an error any part of the chunks may
   * be there, and the caller cuts the file back. The bytes are readable, by every handle, once it resolves; they are durable only after `sync`.
   * The chunks must be left alone until it settles and are never changed; afterwards the backend no longer reads them.
   * Chunks over a `SharedArrayBuffer` need not be served.
   */
  append(chunks: readonly Uint8Array[], position: number): Promise<void>

  /**
   * Cuts the file to `size` bytes: a whole number, from 0 to its present length, else `CONFLICT` and nothing has changed. What was
   * cut never comes back. Durable after `sync`.
   */
  truncate(size: number): Promise<void>

  /**
   * Makes durable what was appended and cut so far. After a rejection it is unknown what is; a later `sync` that resolves
   * says nothing of what the failed one was about: on most systems it would be a lie.
   *
   * With `rewriteFrom`, the bytes from there to the end are first written again with the same value. That makes
   * them durable whatever happened before, a failed sync of another process included. It is at most the file's length.
   */
  sync(rewriteFrom?: number): Promise<void>

  /** Gives the handle back, once the calls under way on it are done. Nothing is synced. Never rejects for a file that is closed already. */
  close(): Promise<void>
}

/** The right to be the only writer. */
export interface BackendLock {
  /** What kind of lock this is and who holds it, for `stats()` and messages. */
  readonly description: string

  /** Where a lock can be lost while it is held (a lease): aborted when that happens. The store then fails and writes no more. */
  readonly lost?: AbortSignal

  /** Gives it up. Does nothing, and never rejects, for a lock that was released already, whoever may hold it since. */
  release(): Promise<void>
}
