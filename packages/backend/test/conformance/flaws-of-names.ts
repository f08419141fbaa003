import { BackendError, type BackendFile } from '@varve/backend'
import { type Flaw, flawed, flawedFiles, pause, withMethods } from './flaw.js'
import { type Content, failed, Medium, ReferenceBackend, ReferenceFile } from './reference-backend.js'

// What goes wrong with names, and with the container that holds them.

class AnyName extends ReferenceBackend {
  override check(): void {}
}

export const flawsOfNames: readonly Flaw[] = [
  flawed('names/served', 'keeps the first 100 characters of a name', (backend) => ({
    create: async (name) => backend.create(name.slice(0, 100)),
    open: async (name) => backend.open(name.slice(0, 100)),
  })),
  flawed('names/served', 'hides names that begin with a dot', (backend) => ({
    list: async () => (await backend.list()).filter((name) => !name.startsWith('.')),
  })),
  { guarantee: 'names/refused', does: 'serves every name', backend: (medium) => new AnyName(medium) },
  flawed('names/refused', 'looks a bad name up, and does not find it', (backend) => ({
    open: (name) => backend.open(name).catch(() => Promise.reject(failed('NOT_FOUND', name))),
  })),
  flawed('names/refused', 'moves files to any name', (backend) => ({
    replace: (from, to) => new AnyName(backend.medium).replace(from, to),
  })),
  flawed('names/refused', 'opens any name at once', (backend) => ({ openSync: (name) => new AnyName(backend.medium).openSync(name) })),

  flawed('create/empty', 'begins a file with a page of zeros', (backend) => ({
    create: async (name) => {
      const file = await backend.create(name)
      await file.append([new Uint8Array(64)], 0)
      return file
    },
  })),
  flawed('create/empty', 'opens a new file for writing only', (backend) => ({
    create: async (name) => withMethods(await backend.create(name), { read: () => Promise.reject(failed('IO', name)) }),
  })),
  flawed('create/exclusive', 'empties the file that is there', (backend) => ({
    create: async (name) => {
      backend.medium.files.delete(name)
      return backend.create(name)
    },
  })),
  flawed('create/exclusive', 'opens the file that is there', (backend) => ({
    create: (name) => backend.open(name).catch(() => backend.create(name)),
  })),
  flawed('create/exclusive', 'empties the file that is there before it refuses', (backend) => ({
    create: async (name) => {
      const content = backend.medium.files.get(name)
      if (content) content.bytes = new Uint8Array(0)
      return backend.create(name)
    },
  })),
  flawed('create/exclusive', 'looks first and creates later', (backend) => ({
    create: async (name) => {
      backend.check(name)
      if (backend.medium.files.has(name)) throw failed('ALREADY_EXISTS', name)
      await pause()
      const content: Content = { bytes: new Uint8Array(0) }
      backend.medium.files.set(name, content)
      return new ReferenceFile(name, content)
    },
  })),
  flawed('create/container', 'wants the container to be there', (backend) => ({
    create: async (name) => {
      if (!backend.medium.exists) throw failed('NOT_FOUND', name)
      return backend.create(name)
    },
  })),

  flawed('open/not-found', 'calls a missing file an IO error', (backend) => ({
    open: (name) => backend.open(name).catch((error) => Promise.reject(error.code === 'NOT_FOUND' ? failed('IO', name) : error)),
  })),
  flawed('open/not-found', 'calls a missing container an IO error', (backend) => ({
    open: async (name) => {
      if (!backend.medium.exists) throw failed('IO', name)
      return backend.open(name)
    },
  })),
  flawed('open/makes-nothing', 'creates what it does not find', (backend) => ({
    open: (name) => backend.open(name).catch(() => backend.create(name)),
  })),
  flawed('open/keeps', 'empties what it opens', (backend) => ({
    open: async (name) => {
      const file = await backend.open(name)
      await file.truncate(0)
      return file
    },
  })),
  flawed('open/keeps', 'opens a file once only', (backend) => {
    const open = new Set<string>()
    const once = (name: string, file: BackendFile) => {
      open.add(name)
      const close = () => {
        open.delete(name)
        return file.close()
      }
      return withMethods(file, { close })
    }
    return {
      create: async (name) => once(name, await backend.create(name)),
      open: async (name) => {
        if (open.has(name)) throw failed('BUSY', name)
        return once(name, await backend.open(name))
      },
    }
  }),
  { guarantee: 'open/keeps', does: 'keeps files for its own process', backend: () => new ReferenceBackend(new Medium()) },
  flawed('open/sync', 'forgets readSync on files it opens at once', (backend) => ({
    openSync: (name) => withMethods<BackendFile>(backend.openSync(name), { readSync: undefined }),
  })),
  flawed('open/sync', 'forgets sizeSync on files it opens at once', (backend) => ({
    openSync: (name) => withMethods<BackendFile>(backend.openSync(name), { sizeSync: undefined }),
  })),
  flawed('open/sync', 'throws what the medium throws', (backend) => ({
    openSync: (name) => {
      if (!backend.medium.files.has(name)) throw new Error('ENOENT')
      return backend.openSync(name)
    },
  })),

  flawed('list/no-container', 'has no list without a container', (backend) => ({
    list: async () => {
      if (!backend.medium.exists) throw failed('NOT_FOUND', 'the container')
      return backend.list()
    },
  })),
  flawed('list/names', 'goes on naming what is gone', (backend) => {
    const known = new Set<string>()
    return {
      list: async () => {
        for (const name of await backend.list()) known.add(name)
        return [...known]
      },
    }
  }),
  flawed('list/names', 'names ten files at most', (backend) => ({ list: async () => (await backend.list()).slice(0, 10) })),
  flawed('list/names', 'names some files twice', (backend) => ({
    list: async () => [...(await backend.list()), ...(await backend.list()).slice(0, 1)],
  })),
  flawed('list/no-lock', 'names the lock while it is held', (backend) => ({
    list: async () => [...(await backend.list()), ...(backend.medium.holder ? ['.lock'] : [])],
  })),
  flawed('list/no-lock', 'leaves the lock there after its release', (backend) => {
    let left = false
    return {
      list: async () => [...(await backend.list()), ...(left ? ['.lock'] : [])],
      lock: async () =>
        withMethods(await backend.lock(), {
          release: async () => {
            left = true
          },
        }),
    }
  }),

  flawed('replace/takes-place', 'refuses a name that is taken', (backend) => ({
    replace: async (from, to) => {
      if (backend.medium.files.has(to)) throw failed('ALREADY_EXISTS', to)
      return backend.replace(from, to)
    },
  })),
  flawed('replace/takes-place', 'wants the new name to be taken', (backend) => ({
    replace: async (from, to) => {
      backend.find(to)
      return backend.replace(from, to)
    },
  })),
  flawed('replace/takes-place', 'swaps nothing where both are there', (backend) => ({
    replace: async (from, to) => {
      if (backend.medium.files.has(to)) await backend.remove(from)
      else await backend.replace(from, to)
    },
  })),
  flawed('replace/moves', 'copies, and leaves the old name', (backend) => ({
    replace: async (from, to) => void backend.medium.files.set(to, { bytes: backend.find(from).bytes.slice() }),
  })),
  flawed('replace/moves', 'gives one file two names', (backend) => ({
    replace: async (from, to) => void backend.medium.files.set(to, backend.find(from)),
  })),
  flawed('replace/not-found', 'removes the old file before it looks for the new one', (backend) => ({
    replace: async (from, to) => {
      backend.medium.files.delete(to)
      return backend.replace(from, to)
    },
  })),
  flawed('replace/not-found', 'does nothing where there is nothing to move', (backend) => ({
    replace: async (from, to) => {
      if (backend.medium.files.has(from)) await backend.replace(from, to)
    },
  })),
  flawed('replace/one-step', 'removes the old file, then moves the new one', (backend) => ({
    replace: async (from, to) => {
      backend.medium.files.delete(to)
      await pause()
      return backend.replace(from, to)
    },
  })),
  flawed('replace/one-step', 'copies into a new file, half by half', (backend) => ({
    replace: async (from, to) => {
      const { bytes } = backend.find(from)
      const copy: Content = { bytes: new Uint8Array(bytes.byteLength) }
      copy.bytes.set(bytes.subarray(0, bytes.byteLength >> 1))
      backend.medium.files.set(to, copy)
      await pause()
      copy.bytes = bytes
      backend.medium.files.delete(from)
    },
  })),
  flawed('replace/handles', 'copies into the file that is there', (backend) => ({
    replace: async (from, to) => {
      const content = backend.medium.files.get(to)
      if (!content) return backend.replace(from, to)
      content.bytes = backend.find(from).bytes
      backend.medium.files.delete(from)
    },
  })),
  flawed('replace/handles', 'moves the file, and says that it was busy', (backend) => ({
    replace: async (from, to) => {
      await backend.replace(from, to)
      throw failed('BUSY', to)
    },
  })),

  flawed('remove/gone', 'only hides the name', (backend) => {
    const hidden = new Set<string>()
    return {
      remove: async (name) => void hidden.add(backend.find(name) && name),
      list: async () => (await backend.list()).filter((name) => !hidden.has(name)),
    }
  }),
  flawed('remove/gone', 'empties the file', (backend) => ({
    remove: async (name) => {
      backend.find(name).bytes = new Uint8Array(0)
    },
  })),
  flawed('remove/only', 'removes whatever begins like it', (backend) => ({
    remove: async (name) => {
      for (const other of await backend.list()) if (other.startsWith(name)) await backend.remove(other)
    },
  })),
  flawed('remove/not-found', 'is content where there is nothing', (backend) => ({
    remove: async (name) => {
      if (backend.medium.files.has(name)) await backend.remove(name)
    },
  })),
  flawedHandles('remove/handles'),
  flawed('remove/handles', 'removes the file, and says that it was busy', (backend) => ({
    remove: async (name) => {
      await backend.remove(name)
      throw failed('BUSY', name)
    },
  })),

  flawed('destroy/leaves-nothing', 'is put off by its own lock file', (backend) => {
    let locked = false
    return {
      lock: () => {
        locked = true
        return backend.lock()
      },
      destroy: async () => {
        if (locked) throw failed('BUSY', 'the container')
      },
    }
  }),
  flawed('destroy/leaves-nothing', 'can not be made again', (backend) => {
    let destroyed = false
    return {
      destroy: async () => {
        destroyed = true
      },
      create: async (name) => {
        if (destroyed) throw failed('NOT_FOUND', name)
        return backend.create(name)
      },
    }
  }),
  flawed('destroy/keeps-files', 'removes the files too', (backend) => ({ destroy: async () => backend.medium.files.clear() })),
  flawed('destroy/keeps-files', 'refuses where there is a file', (backend) => ({
    destroy: async () => {
      if (backend.medium.files.size > 0) throw failed('BUSY', 'the container')
    },
  })),
  flawed('destroy/none', 'wants a container', (backend) => ({
    destroy: async () => {
      if (!backend.medium.exists) throw failed('NOT_FOUND', 'the container')
      return backend.destroy()
    },
  })),
  flawed('destroy/locked', 'destroys what is locked', () => ({ destroy: async () => {} })),
  flawed('destroy/locked', 'takes the lock away with the container', (backend) => ({
    destroy: async () => {
      const held = backend.medium.holder
      backend.medium.holder = undefined
      if (held) throw failed('LOCKED', 'the container')
    },
  })),

  flawed('overlap/files', 'writes the table of names as it was read', (backend) => ({
    create: async (name) => {
      const table = new Map(backend.medium.files)
      const file = new ReferenceFile(name, { bytes: new Uint8Array(0) })
      await pause()
      backend.medium.files.clear()
      for (const [other, content] of table.set(name, file.content)) backend.medium.files.set(other, content)
      return file
    },
  })),

  flawed('errors/named', 'passes on what the medium says', (backend) => ({
    open: (name) => backend.open(name).catch((error) => Promise.reject(Object.assign(new Error(error.message), { code: 'ENOENT' }))),
  })),
  flawed('errors/named', 'makes up a code', (backend) => ({
    remove: async () => {
      throw new BackendError('ENOENT' as 'IO', `${backend.description}: gone`)
    },
  })),
  flawed('errors/promised', 'checks names before it makes a promise', (backend) => ({
    remove: (name) => {
      backend.check(name)
      return backend.remove(name)
    },
  })),
  flawed('errors/message', 'does not say which file', (backend) => ({
    open: (name) => backend.open(name).catch((error) => Promise.reject(new BackendError(error.code, 'no such file'))),
  })),
  flawed('errors/message', 'says nothing', (backend) => ({
    lock: () => backend.lock().catch((error) => Promise.reject(new BackendError(error.code, ''))),
  })),
  flawedFiles('errors/message', 'does not say which file was closed', (file) => ({
    read: (target, position) => file.read(target, position).catch(() => Promise.reject(failed('IO', 'closed'))),
  })),
  flawed('described', 'has no description', () => ({ description: '' })),
]

/** Files that look their name up at every call. */
function flawedHandles(guarantee: 'remove/handles'): Flaw {
  return flawed(guarantee, 'looks a file up by its name at every read', (backend) => {
    const byName = (name: string, file: BackendFile) =>
      withMethods(file, {
        read: async (target, position) => new ReferenceFile(name, backend.find(name)).read(target, position),
      })
    return {
      open: async (name) => byName(name, await backend.open(name)),
      create: async (name) => byName(name, await backend.create(name)),
    }
  })
}
