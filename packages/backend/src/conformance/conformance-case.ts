import type { BackendFile, BackendLock, FileBackend } from '../file-backend.js'
import type { Guarantee } from './guarantees.js'

/** A container for one case: fresh, and its own. */
export interface TestContainer {
  /** The backend that is tested. The container need not exist yet. */
  readonly backend: FileBackend

  /**
   * The same container as another process would open it. Where it is left out, `backend` itself stands in for the other
   * process, and the cases about other processes show less.
   */
  reopen?(): FileBackend | Promise<FileBackend>

  /** Called after the case, when every file is closed and every lock released. */
  dispose?(): void | Promise<void>
}

/** Makes a fresh container; called once a case. */
export type MakeContainer = () => TestContainer | Promise<TestContainer>

/** What a case works with. Files it leaves open and locks it leaves held are given back after it. */
export interface ConformanceContext {
  readonly backend: FileBackend
  reopen(): Promise<FileBackend>
}

/** One test of one guarantee. It belongs to no test framework: `run` rejects where the guarantee is broken. */
export interface ConformanceCase {
  readonly guarantee: Guarantee
  readonly title: string
  run(context: ConformanceContext): Promise<void>
}

/** Runs a case on a container of its own. */
export async function runCase(conformanceCase: ConformanceCase, make: MakeContainer): Promise<void> {
  const container = await make()
  const held: HeldResources = { files: [], locks: [] }
  try {
    await conformanceCase.run({
      backend: tracked(container.backend, held),
      reopen: async () => tracked((await container.reopen?.()) ?? container.backend, held),
    })
  } finally {
    // The case has its result by now: an error in tidying up would only hide it.
    await Promise.allSettled(held.files.map(async (file) => file.close()))
    await Promise.allSettled(held.locks.map(async (lock) => lock.release()))
    await container.dispose?.()
  }
}

interface HeldResources {
  readonly files: BackendFile[]
  readonly locks: BackendLock[]
}

// A proxy, since a wrapper would have to know every method, the optional ones too, and would hide how a backend's own methods behave.
function tracked(backend: FileBackend, held: HeldResources): FileBackend {
  const lists: { readonly [property: PropertyKey]: unknown[] } = {
    open: held.files,
    openSync: held.files,
    create: held.files,
    lock: held.locks,
  }
  return new Proxy(backend, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(value, target, args)
        if (property in lists) record(result, lists[property]!)
        return result
      }
    },
  })
}

function record(result: unknown, list: unknown[]): void {
  if (!(result instanceof Promise)) list.push(result)
  else
    result.then(
      (resource) => list.push(resource),
      () => {},
    )
}
