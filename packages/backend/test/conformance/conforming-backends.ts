import type { BackendFile, FileBackend } from '@varve/backend'
import { withMethods } from './flaw.js'
import { type Content, failed, type Medium, ReferenceBackend, type ReferenceFile } from './reference-backend.js'

// Backends that keep the contract in other ways than the reference does: the suite must be content with them too.

/** `backend` with its files changed, however they are opened. */
function withFiles(
  backend: ReferenceBackend,
  change: (file: ReferenceFile) => BackendFile,
  methods: Partial<FileBackend> = {},
): FileBackend {
  return withMethods<FileBackend>(backend, {
    open: async (name) => change((await backend.open(name)) as ReferenceFile),
    openSync: (name) => change(backend.openSync(name) as ReferenceFile),
    create: async (name) => change((await backend.create(name)) as ReferenceFile),
    ...methods,
  })
}

/** Without what a medium need not be able to do. */
export function withoutSyncCalls(medium: Medium): FileBackend {
  return withMethods(
    withFiles(new ReferenceBackend(medium), (file) => withMethods<BackendFile>(file, { readSync: undefined, sizeSync: undefined })),
    { openSync: undefined },
  )
}

const openHandles = new WeakMap<Content, number>()

/** On a medium that changes no name while its file is open, as some systems. */
export function refusingWhileOpen(medium: Medium): FileBackend {
  const backend = new ReferenceBackend(medium)
  const count = (file: ReferenceFile, by: number) => openHandles.set(file.content, (openHandles.get(file.content) ?? 0) + by)
  const counted = (file: ReferenceFile) => {
    count(file, 1)
    let open = true
    const close = async () => {
      if (open) count(file, -1)
      open = false
      await file.close()
    }
    return withMethods<BackendFile>(file, { close })
  }
  const assertClosed = (name: string) => {
    const content = medium.files.get(name)
    if (content && openHandles.get(content)) throw failed('BUSY', name)
  }
  return withFiles(backend, counted, {
    replace: async (from, to) => {
      backend.check(from)
      backend.check(to)
      backend.find(from)
      assertClosed(from)
      assertClosed(to)
      await backend.replace(from, to)
    },
    remove: async (name) => {
      backend.check(name)
      backend.find(name)
      assertClosed(name)
      await backend.remove(name)
    },
  })
}

/** On a medium where a handle dies with its file, as on one that knows files by name and version. */
export function losingHandles(medium: Medium): FileBackend {
  return withFiles(new ReferenceBackend(medium), (file) => {
    const assertThere = () => {
      if (medium.files.get(file.name) !== file.content) throw failed('NOT_FOUND', file.name)
    }
    return withMethods<BackendFile>(file, {
      // What `check` says of a closed file comes first.
      read: async (target, position) => {
        const count = await file.read(target, position)
        assertThere()
        return count
      },
      readSync: (target, position) => {
        const count = file.readSync(target, position)
        assertThere()
        return count
      },
    })
  })
}
