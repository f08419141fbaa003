import { join } from 'node:path'
import type { Contender, Reader, Writer } from '../../contender.js'
import { importPeer, versionOfPeer } from '../../peer-packages.js'
import { fillByWriter } from './fill-by-writer.js'
import { TurnBatch } from './turn-batch.js'

const BLOCK_BYTES = 65_536
const LENGTH_BYTES = 2

type Callback<Value = void> = (error: Error | null, value: Value) => void

interface Log {
  append(items: Uint8Array | readonly Uint8Array[], callback: Callback<number>): void
  get(offset: number, callback: Callback<Buffer>): void
  onDrain(callback: () => void): void
  stream(options: object): { pipe(sink: Sink): void }
  close(callback: Callback): void
  readonly since: { once(callback: (offset: number) => void): void }
}

interface Sink {
  paused: boolean
  write(item: Buffer): void
  end(error?: unknown): void
}

async function open(directory: string): Promise<Log> {
  const { default: openLog } = await importPeer<{ default: (file: string, options: object) => Log }>('async-append-only-log')
  // It writes when so many milliseconds have passed; with the usual 250 one that waits would wait for nothing else.
  const log = openLog(join(directory, 'log'), { blockSize: BLOCK_BYTES, writeTimeout: 1 })
  await new Promise<void>((resolve) => log.since.once(() => resolve()))
  return log
}

/** Items in blocks, found by their offset. Appends take no time until its timer writes; each block is synced. */
export const asyncAppendOnlyLog: Contender = {
  name: 'async-append-only-log',
  role: 'peer',
  package: 'async-append-only-log',
  largestItem: BLOCK_BYTES - 2 * LENGTH_BYTES,
  cannot: {
    commit: 'its transactions hold at most 64 KiB',
    readSync: 'it has no synchronous read',
    followBeside: 'one process at a time has it',
  },

  async probe() {
    const version = await versionOfPeer('async-append-only-log')
    await importPeer('async-append-only-log')
    return version
  },

  async create(directory) {
    return logWriter(await open(directory))
  },

  fill: (directory, dataset) => fillByWriter(asyncAppendOnlyLog.create)(directory, dataset),

  async open(directory, { size }) {
    return logReader(await open(directory), size)
  },
}

function logWriter(log: Log): Writer {
  const append = (items: Uint8Array | readonly Uint8Array[]): Promise<number> => promised((callback) => log.append(items, callback))
  const drain = (): Promise<void> => new Promise((resolve) => log.onDrain(resolve))
  const batch = new TurnBatch(async (items) => {
    await append(items)
    await drain()
  })
  return {
    async addMany(items) {
      await append(items)
    },
    add: append,
    addDurable: (item) => batch.add(item),
    read: (key) => promised((callback) => log.get(key as number, callback)),
    async follow(visit) {
      log.stream({ live: true, offsets: false }).pipe(sink(visit, () => {}))
      return { async close() {} }
    },
    sync: drain,
    close: () => promised((callback) => log.close(callback)),
  }
}

function logReader(log: Log, size: number): Reader {
  const itemsPerBlock = Math.floor((BLOCK_BYTES - LENGTH_BYTES) / (LENGTH_BYTES + size))
  return {
    key: (n) => Math.floor(n / itemsPerBlock) * BLOCK_BYTES + (n % itemsPerBlock) * (LENGTH_BYTES + size),
    read: (key) => promised((callback) => log.get(key as number, callback)),
    scan: (visit) => promised<void>((callback) => log.stream({ offsets: false }).pipe(sink(visit, callback))),
    close: () => promised((callback) => log.close(callback)),
  }
}

function sink(visit: (item: Buffer) => void, callback: Callback): Sink {
  return {
    paused: false,
    write: visit,
    end: (error) => callback(error instanceof Error ? error : null),
  }
}

function promised<Value>(call: (callback: Callback<Value>) => void): Promise<Value> {
  return new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))))
}
