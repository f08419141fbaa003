import type { BackendFile, BackendLock, FileBackend } from '../file-backend.js'
import type { BackendCall, CallKind } from './backend-call.js'
import { CallDirector, type LeftBehind } from './call-director.js'
import type { LoggedCall } from './call-log.js'
import type { FaultPlan } from './fault-plan.js'
import { faultyFile } from './faulty-file.js'

/** A backend whose calls are numbered, logged and made to fail as a plan says. Made by {@link faultyBackend}. */
export interface FaultyBackend extends FileBackend {
  /** The calls so far in the order they were made, the newest 100 000 of them. */
  readonly calls: readonly LoggedCall[]
  /** How many calls there were, of all kinds or of one. */
  count(kind?: CallKind): number
  /** How many calls got a fault. */
  readonly faults: number
  /** Adds to the plan, which then begins to count; returns the function that takes it out again. What was added last is asked first. */
  inject(plan: FaultPlan): () => void
  /** The names of the handles that are open now, once for each. */
  readonly openFiles: readonly string[]
  /** How many locks are held now. */
  readonly locks: number
  /** Resolves when the process dies by a `die` fault, to the call that was its last. */
  readonly died: Promise<BackendCall>
  /**
   * Ends the process, as `kill -9` would, if it is not dead yet: no call is answered any more. Resolves when what was under way in the inner
   * backend is over and every handle and lock there is given back, as a system does for a process that ended; to what there was to give back.
   * Afterwards the inner backend can be opened anew.
   */
  end(): Promise<LeftBehind>
}

/**
 * Wraps any backend. Without a fault every call goes through as it is, `readSync` too where the inner backend has it.
 * A fault is a `BackendError` whose message names the call; calls that the inner backend fails by itself reject as they do there.
 */
export function faultyBackend(inner: FileBackend, plan: FaultPlan = []): FaultyBackend {
  const director = new CallDirector(inner, plan)
  const openFile = (kind: 'open' | 'create', name: string): Promise<BackendFile> =>
    director.call({ kind, name }, () => inner[kind](name).then((file) => faultyFile(director, name, file)), {
      discard: (file) => director.holdings.giveBack(file),
    })
  const { openSync } = inner
  return {
    description: `faulty ${inner.description}`,
    list: () => director.call({ kind: 'list' }, () => inner.list()),
    open: (name) => openFile('open', name),
    ...(openSync && { openSync: openFileSync(director, inner, openSync) }),
    create: (name) => openFile('create', name),
    replace: (from, to) => director.call({ kind: 'replace', name: from, to }, () => inner.replace(from, to)),
    remove: (name) => director.call({ kind: 'remove', name }, () => inner.remove(name)),
    lock: () =>
      director.call({ kind: 'lock' }, () => inner.lock().then((lock) => faultyLock(director, lock)), {
        discard: (lock) => director.holdings.giveBack(lock),
      }),
    destroy: () => director.call({ kind: 'destroy' }, () => inner.destroy()),
    get calls() {
      return director.log.entries()
    },
    count: (kind) => director.log.count(kind),
    get faults() {
      return director.faults
    },
    inject: (more) => director.inject(more),
    get openFiles() {
      return director.holdings.files
    },
    get locks() {
      return director.holdings.locks
    },
    died: director.died,
    end: () => director.end(),
  }
}

function openFileSync(director: CallDirector, inner: FileBackend, openSync: (name: string) => BackendFile): (name: string) => BackendFile {
  return (name) =>
    director.callSync({ kind: 'openSync', name }, () => faultyFile(director, name, openSync.call(inner, name)), {
      discard: (file) => director.holdings.giveBack(file),
    })
}

function faultyLock(director: CallDirector, inner: BackendLock): BackendLock {
  const lock: BackendLock = {
    description: inner.description,
    ...(inner.lost && { lost: inner.lost }),
    release: () =>
      director.call({ kind: 'release' }, async () => {
        await inner.release()
        director.holdings.delete(lock)
      }),
  }
  director.holdings.add(lock, undefined, () => inner.release())
  return lock
}
