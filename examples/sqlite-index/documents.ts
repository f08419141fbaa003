import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import sqlite from 'node-sqlite3-wasm'
import { compareLocations, decodeLocation, encodeLocation, type Location, open, type Varve } from 'varve'

interface Waiting {
  readonly location: Location
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Documents by key: their bytes in a store, and beside it an index in SQLite, which says where the newest document of each key is.
 *
 * The store is the truth. The index only follows it: it notes durable items, in order, and in the same SQL transaction how far it is. So it is always right about
 * what it knows, never ahead of the store, and after a crash, or when its file is lost, it goes on from where it is. Nothing has to be committed in two places at once.
 */
export class Documents {
  readonly #db: Varve
  readonly #index: sqlite.Database
  readonly #stopped = new AbortController()
  readonly #waiting: Waiting[] = []
  readonly #following: Promise<void>
  #last: Location | undefined
  #failure: unknown

  private constructor(db: Varve, index: sqlite.Database) {
    this.#db = db
    this.#index = index
    this.#following = this.#follow()
  }

  static async open(directory: string): Promise<Documents> {
    // Its lock keeps every other writer out, of the index too.
    const db = await open(join(directory, 'documents'))
    const path = join(directory, 'index.sqlite')
    // A process that was killed leaves this build's lock behind, a directory. Nobody else can hold it.
    await rm(`${path}.lock`, { recursive: true, force: true })
    const index = new sqlite.Database(path)
    // A power loss may take the newest commits of such an index, and nothing else. The store brings them back.
    index.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    index.exec('CREATE TABLE IF NOT EXISTS documents (key TEXT PRIMARY KEY, location BLOB NOT NULL) WITHOUT ROWID')
    index.exec('CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 0), next INTEGER NOT NULL)')
    const documents = new Documents(db, index)
    await documents.#catchUp()
    return documents
  }

  /** Resolves once the document is on stable storage and can be found. */
  async put(key: string, document: Uint8Array): Promise<void> {
    const location = await this.#db.add(withKey(key, document), { durable: true })
    await this.#noted(location)
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const row = this.#index.get('SELECT location FROM documents WHERE key = ?', key) as { location: Uint8Array } | null
    const item = row && (await this.#db.read(decodeLocation(row.location)))
    return item ? documentOf(item) : undefined
  }

  async close(): Promise<void> {
    this.#stopped.abort()
    await this.#following
    this.#index.close()
    await this.#db.stop()
  }

  async #follow(): Promise<void> {
    try {
      for await (const item of this.#db.scan({ from: { sequence: this.#next() }, follow: true, signal: this.#stopped.signal })) {
        this.#index.exec('BEGIN')
        this.#index.run('REPLACE INTO documents VALUES (?, ?)', [keyOf(item.data), encodeLocation(item.location)])
        this.#index.run('REPLACE INTO progress VALUES (0, ?)', item.sequence + 1)
        this.#index.exec('COMMIT')
        this.#last = item.location
        while (this.#waiting[0] && this.#hasNoted(this.#waiting[0].location)) this.#waiting.shift()?.resolve()
      }
    } catch (error) {
      this.#failure = error
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    }
  }

  /** The sequence of the item that the index is to note next. */
  #next(): number {
    return (this.#index.get('SELECT next FROM progress') as { next: number } | null)?.next ?? 0
  }

  /** Resolves when everything that is durable now is in the index. */
  async #catchUp(): Promise<void> {
    for await (const { location, sequence } of this.#db.locations({ reverse: true })) {
      if (sequence >= this.#next()) await this.#noted(location)
      return
    }
  }

  /** Durable adds resolve in order, so those who wait do too. */
  async #noted(location: Location): Promise<void> {
    if (this.#failure) throw this.#failure
    if (!this.#hasNoted(location)) await new Promise<void>((resolve, reject) => this.#waiting.push({ location, resolve, reject }))
  }

  #hasNoted(location: Location): boolean {
    return this.#last !== undefined && compareLocations(location, this.#last) <= 0
  }
}

function withKey(key: string, document: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${JSON.stringify(key)}\n`), document])
}

function keyOf(item: Uint8Array): string {
  return JSON.parse(Buffer.from(item.subarray(0, item.indexOf(LINE_FEED))).toString())
}

function documentOf(item: Uint8Array): Uint8Array {
  return item.subarray(item.indexOf(LINE_FEED) + 1)
}

const LINE_FEED = 10
