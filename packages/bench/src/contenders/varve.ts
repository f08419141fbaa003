import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeLocation, encodeLocation, LOCATION_BYTES, type Location, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import type { Contender, Reader, Writer } from '../contender.js'
import { SeededItems } from '../seeded-items.js'

const BATCH = 1000

/** The store, with its defaults but for `durability`: a row that ends in one sync has one. */
export const varve: Contender = {
  name: 'varve',

  async create(directory) {
    return new VarveWriter(await open(directory))
  },

  async fill(directory, { size, count }) {
    const store = await open(directory)
    const items = new SeededItems(size)
    const locations = Buffer.alloc(count * LOCATION_BYTES)
    for (let n = 0; n < count; n += BATCH) {
      const batch = await store.addMany(items.slice(n, Math.min(n + BATCH, count)))
      for (const [k, location] of batch.entries()) locations.set(encodeLocation(location), (n + k) * LOCATION_BYTES)
    }
    await store.stop()
    await writeFile(join(directory, 'locations'), locations)
  },

  async open(directory) {
    const bytes = await readFile(join(directory, 'locations'))
    const locations = Array.from({ length: bytes.length / LOCATION_BYTES }, (_, n) =>
      decodeLocation(bytes.subarray(n * LOCATION_BYTES, (n + 1) * LOCATION_BYTES)),
    )
    return new VarveReader(await open(directory), locations)
  },
}

function open(directory: string): Promise<Varve> {
  return Varve.open(fsBackend(join(directory, 'store')), { durability: 'os' })
}

class VarveWriter implements Writer {
  readonly #store: Varve

  constructor(store: Varve) {
    this.#store = store
  }

  async addMany(items: readonly Uint8Array[]): Promise<void> {
    await this.#store.addMany(items)
  }

  add(item: Uint8Array): Promise<Location> {
    return this.#store.add(item)
  }

  addDurable(item: Uint8Array): Promise<Location> {
    return this.#store.add(item, { durable: true })
  }

  sync(): Promise<void> {
    return this.#store.flush()
  }

  close(): Promise<void> {
    return this.#store.stop()
  }
}

class VarveReader implements Reader {
  readonly #store: Varve
  readonly #locations: readonly Location[]

  constructor(store: Varve, locations: readonly Location[]) {
    this.#store = store
    this.#locations = locations
  }

  readSync(n: number): Uint8Array {
    return this.#store.readSync(this.#locations[n]!) ?? missing(n)
  }

  async read(n: number): Promise<Uint8Array> {
    return (await this.#store.read(this.#locations[n]!)) ?? missing(n)
  }

  async scan(visit: (item: Uint8Array) => void): Promise<void> {
    for await (const { data } of this.#store.scan()) visit(data)
  }

  close(): Promise<void> {
    return this.#store.stop()
  }
}

function missing(n: number): never {
  throw new Error(`item ${n} is not in the store`)
}
