import { join } from 'node:path'
import type { Contender, NotDurable, Reader, Writer } from '../../contender.js'
import { importPeer, versionOfPeer } from '../../peer-packages.js'
import { fillByWriter } from './fill-by-writer.js'
import { TurnBatch } from './turn-batch.js'

interface Statement {
  run(...values: unknown[]): unknown
  get(...values: unknown[]): unknown
  iterate(...values: unknown[]): Iterable<unknown>
}

/** What the two drivers have in common, which is all that is needed. */
interface Database {
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

interface Driver {
  probe(): Promise<string>
  open(file: string): Promise<Database>
}

const betterSqlite3Driver: Driver = {
  async probe() {
    const version = await versionOfPeer('better-sqlite3')
    const database = await betterSqlite3Driver.open(':memory:')
    database.close()
    return version
  },
  async open(file) {
    const { default: Database } = await importPeer<{ default: new (file: string) => Database }>('better-sqlite3')
    return new Database(file)
  },
}

const nodeSqliteDriver: Driver = {
  async probe() {
    await importNodeSqlite()
    return `of Node ${process.version}`
  },
  async open(file) {
    const { DatabaseSync } = await importNodeSqlite()
    return new DatabaseSync(file)
  },
}

async function importNodeSqlite(): Promise<{ DatabaseSync: new (file: string) => Database }> {
  // Its types are those of a later Node than the oldest that the workspace supports.
  const name: string = 'node:sqlite'
  return import(name).catch((cause: unknown) => {
    throw new Error(`Node ${process.version} has no node:sqlite`, { cause })
  })
}

export const betterSqlite3 = sqlite('better-sqlite3 FULL', betterSqlite3Driver, { synchronous: 'FULL', package: 'better-sqlite3' })

export const betterSqlite3Normal = sqlite('better-sqlite3 NORMAL', betterSqlite3Driver, {
  synchronous: 'NORMAL',
  package: 'better-sqlite3',
  notDurable: { what: 'commits', why: 'with synchronous = NORMAL a commit in WAL mode is not synced' },
})

export const nodeSqlite = sqlite('node:sqlite FULL', nodeSqliteDriver, { synchronous: 'FULL' })

/** Rows of a table in WAL mode. One transaction around many prepared inserts is its fast way. */
function sqlite(
  name: string,
  driver: Driver,
  { synchronous, ...rest }: { synchronous: 'FULL' | 'NORMAL'; package?: string; notDurable?: NotDurable },
): Contender {
  async function open(directory: string): Promise<Database> {
    const database = await driver.open(join(directory, 'items.sqlite'))
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
    database.exec('CREATE TABLE IF NOT EXISTS items (id INTEGER PRIMARY KEY, data BLOB NOT NULL)')
    return database
  }
  const create: Contender['create'] = async (directory) => new SqliteWriter(await open(directory), synchronous)
  return {
    ...rest,
    name,
    role: 'peer',
    cannot: { follow: 'it tells nobody of what is added', followBeside: 'it tells nobody of what is added' },
    probe: () => driver.probe(),
    create,
    fill: fillByWriter(create),
    async open(directory) {
      return sqliteReader(await open(directory))
    },
  }
}

/** So many rows a transaction, where nothing asks for less: its log would grow with all that is in one. */
const ROWS_A_TRANSACTION = 10_000

class SqliteWriter implements Writer {
  readonly #database: Database
  readonly #synchronous: 'FULL' | 'NORMAL'
  readonly #insert: Statement
  readonly #select: Statement
  readonly #durable = new TurnBatch((items) => this.commit(items))
  #open = 0

  constructor(database: Database, synchronous: 'FULL' | 'NORMAL') {
    this.#database = database
    this.#synchronous = synchronous
    this.#insert = database.prepare('INSERT INTO items (data) VALUES (?)')
    this.#select = database.prepare('SELECT data FROM items WHERE id = ?')
  }

  async addMany(items: readonly Uint8Array[]): Promise<void> {
    for (const item of items) this.#add(item)
  }

  async add(item: Uint8Array): Promise<number> {
    return this.#add(item)
  }

  addDurable(item: Uint8Array): Promise<void> {
    return this.#durable.add(item)
  }

  async commit(items: readonly Uint8Array[]): Promise<void> {
    this.#database.exec('BEGIN')
    for (const item of items) this.#insert.run(item)
    this.#database.exec('COMMIT')
  }

  async read(key: number): Promise<Uint8Array> {
    return (this.#select.get(key) as { data: Uint8Array }).data
  }

  async sync(): Promise<void> {
    this.#end()
    // A checkpoint syncs, which no commit does.
    if (this.#synchronous === 'NORMAL') this.#database.exec('PRAGMA wal_checkpoint(FULL)')
  }

  async close(): Promise<void> {
    this.#end()
    this.#database.close()
  }

  #add(item: Uint8Array): number {
    if (this.#open === 0) this.#database.exec('BEGIN')
    const { lastInsertRowid } = this.#insert.run(item) as { lastInsertRowid: number }
    if (++this.#open === ROWS_A_TRANSACTION) this.#end()
    return lastInsertRowid
  }

  #end(): void {
    if (this.#open > 0) this.#database.exec('COMMIT')
    this.#open = 0
  }
}

function sqliteReader(database: Database): Reader {
  const select = database.prepare('SELECT data FROM items WHERE id = ?')
  const all = database.prepare('SELECT data FROM items ORDER BY id')
  const readSync = (key: unknown): Uint8Array => (select.get(key) as { data: Uint8Array }).data
  return {
    key: (n) => n + 1,
    readSync,
    async read(key) {
      return readSync(key)
    },
    async scan(visit) {
      for (const row of all.iterate()) visit((row as { data: Uint8Array }).data)
    },
    async close() {
      database.close()
    },
  }
}
