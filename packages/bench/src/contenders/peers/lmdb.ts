import { join } from 'node:path'
import type { Contender, Reader, Visit, Writer } from '../../contender.js'
import { importPeer, versionOfPeer } from '../../peer-packages.js'
import { fillByWriter } from './fill-by-writer.js'

interface Committed extends Promise<boolean> {
  readonly flushed: Promise<void>
}

interface Database {
  put(key: number, value: Uint8Array): Committed
  batch(work: () => void): Committed
  get(key: number): Buffer | undefined
  getBinaryFast(key: number): Buffer
  getRange(): Iterable<{ readonly value: Buffer }>
  close(): Promise<void>
}

interface Lmdb {
  open(options: object): Database
}

async function open(directory: string): Promise<Database> {
  const { open } = await importPeer<Lmdb>('lmdb')
  return open({ path: join(directory, 'lmdb'), keyEncoding: 'uint32', encoding: 'binary', separateFlushed: true, noMemInit: true })
}

/** Items in the order of integer keys. Puts that are not awaited one by one are its fast way: it commits those of a while together, on a thread of its own. */
export const lmdb: Contender = lmdbBy('lmdb', (database, key) => database.get(key)!, {
  follow: 'it tells nobody of what is added',
  followBeside: 'it tells nobody of what is added',
})

/** Its reads as views of its own memory, valid until the next one: faster, and less than what is asked of the others. */
export const lmdbViews: Contender = lmdbBy('lmdb, views', (database, key) => database.getBinaryFast(key), {
  addMany: 'as lmdb',
  add: 'as lmdb',
  addDurable: 'as lmdb',
  commit: 'as lmdb',
  readWhileWriting: 'as lmdb',
  reopen: 'as lmdb',
  read: 'as lmdb',
  scan: 'as lmdb',
  follow: 'as lmdb',
  followBeside: 'as lmdb',
})

function lmdbBy(name: string, get: (database: Database, key: number) => Buffer, cannot: Contender['cannot']): Contender {
  const create: Contender['create'] = async (directory, items = 0) => new LmdbWriter(await open(directory), items)
  return {
    name,
    role: 'peer',
    package: 'lmdb',
    cannot,
    async probe() {
      const version = await versionOfPeer('lmdb')
      await importPeer('lmdb')
      return version
    },
    create,
    fill: fillByWriter(create),
    async open(directory) {
      return lmdbReader(await open(directory), get)
    },
  }
}

/** How many puts may be under way before the caller waits: what it has not committed it holds in memory. */
const MOST_UNDER_WAY = 10_000

class LmdbWriter implements Writer {
  readonly #database: Database
  #next: number
  #underWay = 0
  #last: Committed | undefined

  constructor(database: Database, next: number) {
    this.#database = database
    this.#next = next
  }

  /** Puts of one turn of the event loop are committed together anyhow; to ask for a batch makes them slower. */
  async addMany(items: readonly Uint8Array[]): Promise<void> {
    for (const item of items) this.#last = this.#database.put(this.#next++, item)
    if ((this.#underWay += items.length) < MOST_UNDER_WAY) return
    this.#underWay = 0
    await this.#last
  }

  async add(item: Uint8Array): Promise<number> {
    const key = this.#next++
    const committed = this.#database.put(key, item)
    this.#last = committed
    if (++this.#underWay >= MOST_UNDER_WAY) {
      this.#underWay = 0
      await committed
    }
    return key
  }

  addDurable(item: Uint8Array): Promise<void> {
    return this.#database.put(this.#next++, item).flushed
  }

  async commit(items: readonly Uint8Array[]): Promise<void> {
    await this.#database.batch(() => {
      for (const item of items) void this.#database.put(this.#next++, item)
    }).flushed
  }

  /** What is not committed can't be read yet. */
  async read(key: number): Promise<Uint8Array> {
    const item = this.#database.get(key)
    if (item) return item
    await this.#last
    return this.#database.get(key)!
  }

  async sync(): Promise<void> {
    await this.#last?.flushed
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}

function lmdbReader(database: Database, get: (database: Database, key: number) => Buffer): Reader {
  return {
    key: (n) => n,
    readSync: (key) => get(database, key as number),
    async read(key) {
      return database.get(key as number)!
    },
    async scan(visit: Visit) {
      for (const { value } of database.getRange()) visit(value)
    },
    close: () => database.close(),
  }
}
