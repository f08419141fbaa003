import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Location, Varve, VarveOptions } from '@varve/core'
import type { Contender, Following, Reader, Visit, Writer } from '../contender.js'
import { SeededItems } from '../seeded-items.js'

const BATCH = 1000

type Core = typeof import('@varve/core')
type Backend = typeof import('@varve/fs-backend')

/** The store of this workspace, or of another one that is built: `build` is its root. It has its defaults but for `durability`, so that a row that ends in one sync has one. */
export function varve(build?: string): Contender {
  const module = (name: string): Promise<unknown> => import(pathToFileURL(join(build!, 'packages', name, 'dist/index.js')).href)
  const core = async (): Promise<Core> => (build ? ((await module('core')) as Core) : await import('@varve/core'))
  const backend = async (): Promise<Backend> => (build ? ((await module('fs-backend')) as Backend) : await import('@varve/fs-backend'))

  async function open(directory: string, options: VarveOptions = {}): Promise<Varve> {
    const [{ Varve }, { fsBackend }] = await Promise.all([core(), backend()])
    return Varve.open(fsBackend(join(directory, 'store')), { durability: 'os', ...options })
  }

  return {
    name: 'varve',
    role: 'store',
    cannot: {},

    async probe() {
      await Promise.all([core(), backend()])
      return build ? 'another build' : 'this workspace'
    },

    async create(directory) {
      return new VarveWriter(await open(directory))
    },

    async fill(directory, { size, count }) {
      const { encodeLocation, LOCATION_BYTES } = await core()
      const store = await open(directory)
      const items = SeededItems.of(size)
      const locations = Buffer.alloc(count * LOCATION_BYTES)
      for (let n = 0; n < count; n += BATCH) {
        const batch = await store.addMany(items.slice(n, Math.min(n + BATCH, count)))
        for (const [k, location] of batch.entries()) locations.set(encodeLocation(location), (n + k) * LOCATION_BYTES)
      }
      await store.stop()
      await writeFile(join(directory, 'locations'), locations)
    },

    async open(directory) {
      const { decodeLocation, LOCATION_BYTES } = await core()
      const locations = await readFile(join(directory, 'locations'))
      const locationOf = (n: number): Location => decodeLocation(locations.subarray(n * LOCATION_BYTES, (n + 1) * LOCATION_BYTES))
      return new VarveReader(await open(directory), locationOf)
    },

    async followBeside(directory, visit) {
      const store = await open(directory, { readOnly: true, create: false })
      const following = await follow(store, visit)
      return {
        async close() {
          await following.close()
          await store.stop()
        },
      }
    },
  }
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

  commit(items: readonly Uint8Array[]): Promise<Location[]> {
    const transaction = this.#store.transaction()
    for (const item of items) transaction.add(item)
    return transaction.commit()
  }

  read(location: Location): Promise<Uint8Array | undefined> {
    return this.#store.read(location)
  }

  follow(visit: Visit): Promise<Following> {
    return follow(this.#store, visit)
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
  readonly key: (n: number) => Location

  constructor(store: Varve, locationOf: (n: number) => Location) {
    this.#store = store
    this.key = locationOf
  }

  readSync(location: Location): Uint8Array | undefined {
    return this.#store.readSync(location)
  }

  read(location: Location): Promise<Uint8Array | undefined> {
    return this.#store.read(location)
  }

  async scan(visit: Visit): Promise<void> {
    for await (const items of this.#store.scan().batches()) for (const { data } of items) visit(data)
  }

  close(): Promise<void> {
    return this.#store.stop()
  }
}

/** From the first item that is added from now on; the stores that are followed here are empty before. */
async function follow(store: Varve, visit: Visit): Promise<Following> {
  const stopping = new AbortController()
  const stopped = new Error('seen enough')
  const following = (async () => {
    for await (const { data } of store.scan({ follow: true, signal: stopping.signal })) visit(data)
  })().catch((error: unknown) => {
    if (error !== stopped) throw error
  })
  return {
    close() {
      stopping.abort(stopped)
      return following
    },
  }
}
