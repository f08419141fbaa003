import { BackendError, type BackendFile, type FileBackend } from '@varve/backend'

/** Two sides of one backend, as of two processes. On the reader's an open file dies with its name, as it may on media that find a file by its name at every read. */
export function perishableHandles(inner: FileBackend): { readonly writer: FileBackend; readonly reader: FileBackend } {
  const generations = new Map<string, number>()
  const outdate = (name: string): void => void generations.set(name, (generations.get(name) ?? 0) + 1)
  const { description } = inner
  const shared: Omit<FileBackend, 'open' | 'remove' | 'replace'> = {
    description,
    list: () => inner.list(),
    create: (name) => inner.create(name),
    lock: () => inner.lock(),
    destroy: () => inner.destroy(),
  }
  const remove = async (name: string): Promise<void> => {
    await inner.remove(name)
    outdate(name)
  }
  const replace = async (from: string, to: string): Promise<void> => {
    await inner.replace(from, to)
    outdate(from)
    outdate(to)
  }
  return {
    writer: { ...shared, remove, replace, open: (name) => inner.open(name) },
    reader: { ...shared, remove, replace, open: async (name) => perishable(await inner.open(name), name, () => generations.get(name)) },
  }
}

function perishable(file: BackendFile, name: string, generation: () => number | undefined): BackendFile {
  const own = generation()
  const check = (): void => {
    if (generation() !== own) throw new BackendError('IO', `${name} is gone`)
  }
  return {
    async size() {
      check()
      return file.size()
    },
    async read(target, position) {
      check()
      return file.read(target, position)
    },
    append: (chunks, position) => file.append(chunks, position),
    truncate: (size) => file.truncate(size),
    sync: (from) => file.sync(from),
    close: () => file.close(),
  }
}
