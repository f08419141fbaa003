import type { BackendFile, FileBackend } from '@varve/backend'
import type { Guarantee } from '@varve/backend/conformance'
import { type Medium, ReferenceBackend, type ReferenceFile } from './reference-backend.js'

/** A mistake that somebody's backend could make. */
export interface Flaw {
  /** What it breaks. */
  readonly guarantee: Guarantee
  /** What the backend does, as its author would admit it. */
  readonly does: string
  /** A backend that does it, on a medium it shares with others. */
  backend(medium: Medium): FileBackend
}

/** A flaw in methods of the backend: those given take the place of the reference's. */
export function flawed(guarantee: Guarantee, does: string, methods: (backend: ReferenceBackend) => Partial<FileBackend>): Flaw {
  return {
    guarantee,
    does,
    backend(medium) {
      const backend = new ReferenceBackend(medium)
      return withMethods<FileBackend>(backend, methods(backend))
    },
  }
}

/** A flaw in methods of the files, however they were opened. */
export function flawedFiles(guarantee: Guarantee, does: string, methods: (file: ReferenceFile) => Partial<BackendFile>): Flaw {
  return flawed(guarantee, does, (backend) => {
    const changed = (file: BackendFile) => withMethods(file, methods(file as ReferenceFile))
    return {
      open: async (name) => changed(await backend.open(name)),
      openSync: (name) => changed(backend.openSync(name)),
      create: async (name) => changed(await backend.create(name)),
    }
  })
}

/** `target` with some methods in the place of its own. A method given as `undefined` is taken away. */
export function withMethods<T extends object>(target: T, methods: { readonly [name in keyof T]?: T[name] | undefined }): T {
  return new Proxy(target, {
    get(_, property) {
      if (property in methods) return methods[property as keyof T]
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Lets everything else that is ready go first: where a backend waits for its medium. */
export async function pause(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}
