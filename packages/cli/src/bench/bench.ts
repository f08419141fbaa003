import { randomFillSync } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Location, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { stoppingAfter } from '../store/with-store.js'
import { megabytesPerSecond } from '../terminal/quantities.js'

export interface BenchOptions {
  /** The store whose disk is measured, or a place for one. It is left alone: a store beside it is made and removed. */
  readonly store: string
  /** How many bytes are written. */
  readonly size: number
  /** How large an item is. */
  readonly itemSize: number
  /** The longest a measurement that waits for each sync goes on, in milliseconds. */
  readonly time: number
  readonly signal: AbortSignal
  readonly onMeasured: (measured: Measured) => void
}

interface Measured {
  /** What was done. */
  readonly name: string
  readonly items: number
  readonly bytes: number
  readonly ms: number
  readonly itemsPerSecond: number
  readonly megabytesPerSecond: number
}

export interface BenchReport {
  /** The directory on whose disk it was done. */
  readonly directory: string
  readonly itemSize: number
  readonly measured: readonly Measured[]
}

/** Measures what the store does on a disk, in a few seconds. */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  const directory = dirname(resolve(options.store))
  await mkdir(directory, { recursive: true })
  const path = await mkdtemp(join(directory, '.varve-bench-'))
  try {
    const measured = await measureAll(path, options)
    return { directory, itemSize: options.itemSize, measured }
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

// How many callers wait for their own item at a time, as in a server.
const CALLERS = 64

async function measureAll(path: string, { size, itemSize, time, signal, onMeasured }: BenchOptions): Promise<Measured[]> {
  const all: Measured[] = []
  const item = randomFillSync(new Uint8Array(itemSize))
  const count = Math.max(1, Math.ceil(size / itemSize))
  const measure = async (name: string, work: () => Promise<number>): Promise<void> => {
    signal.throwIfAborted()
    const start = performance.now()
    const items = await work()
    const ms = performance.now() - start
    const bytes = items * itemSize
    const measured = { name, items, bytes, ms, itemsPerSecond: (items / ms) * 1000, megabytesPerSecond: megabytesPerSecond(bytes, ms) }
    all.push(measured)
    onMeasured(measured)
  }
  /** Does it again and again until the time is over. */
  const during = async (work: () => Promise<unknown>): Promise<number> => {
    const end = performance.now() + time
    let done = 0
    do {
      signal.throwIfAborted()
      await work()
      done++
    } while (performance.now() < end && done < count)
    return done
  }
  const locations: Location[] = []
  const store = new Varve(fsBackend(path))
  await store.start()
  await stoppingAfter(store, async () => {
    await measure('add, then one flush', async () => {
      for (let n = 0; n < count; n++) {
        signal.throwIfAborted()
        locations.push(await store.add(item))
      }
      await store.flush()
      return count
    })
    await measure('durable add, one caller', () => during(() => store.add(item, { durable: true })))
    await measure(`durable add, ${CALLERS} callers`, async () => {
      const each = await Promise.all(Array.from({ length: CALLERS }, () => during(() => store.add(item, { durable: true }))))
      return each.reduce((sum, done) => sum + done, 0)
    })
  })
  await store.start()
  await stoppingAfter(store, async () => {
    await measure('read, in any order', async () => {
      const wanted = Array.from({ length: Math.min(count, 20_000) }, (_, n) => locations[(n * 7919) % count] as Location)
      for (const location of wanted) {
        signal.throwIfAborted()
        await store.read(location)
      }
      return wanted.length
    })
    await measure('scan', async () => {
      let items = 0
      for await (const _ of store.scan({ signal })) items++
      return items
    })
  })
  return all
}
