import { join } from 'node:path'
import type { Contender, Reader, Writer } from '../../contender.js'
import { importPeer, versionOfPeer } from '../../peer-packages.js'
import { fillByWriter } from './fill-by-writer.js'
import { TurnBatch } from './turn-batch.js'

const SCAN_BATCH = 1000

type Operation = { readonly type: 'put'; readonly key: Buffer; readonly value: Uint8Array } | { readonly type: 'del'; readonly key: Buffer }

interface Level {
  open(): Promise<void>
  put(key: Buffer, value: Uint8Array): Promise<void>
  batch(operations: readonly Operation[], options?: { readonly sync: boolean }): Promise<void>
  get(key: Buffer): Promise<Buffer>
  getSync(key: Buffer): Buffer
  values(): { nextv(count: number): Promise<Buffer[]>; close(): Promise<void> }
  close(): Promise<void>
}

async function open(directory: string): Promise<Level> {
  const { ClassicLevel } = await importPeer<{ ClassicLevel: new (path: string, options: object) => Level }>('classic-level')
  // What is random does not compress.
  const level = new ClassicLevel(join(directory, 'level'), { keyEncoding: 'buffer', valueEncoding: 'buffer', compression: false })
  await level.open()
  return level
}

/** Items under integer keys, big-endian so that their order is that of adding. Batches are its fast way; a batch with `sync` makes it and all before it durable. */
export const classicLevel: Contender = {
  name: 'classic-level',
  role: 'peer',
  package: 'classic-level',
  cannot: { follow: 'it tells nobody of what other processes add', followBeside: 'one process at a time has it' },

  async probe() {
    const version = await versionOfPeer('classic-level')
    await importPeer('classic-level')
    return version
  },

  async create(directory, items = 0) {
    return new LevelWriter(await open(directory), items)
  },

  fill: (directory, dataset) => fillByWriter(classicLevel.create)(directory, dataset),

  async open(directory) {
    return levelReader(await open(directory))
  },
}

class LevelWriter implements Writer {
  readonly #level: Level
  #next: number
  readonly #durable = new TurnBatch((items) => this.commit(items))

  constructor(level: Level, next: number) {
    this.#level = level
    this.#next = next
  }

  addMany(items: readonly Uint8Array[]): Promise<void> {
    return this.#level.batch(this.#puts(items))
  }

  async add(item: Uint8Array): Promise<Buffer> {
    const key = levelKey(this.#next++)
    await this.#level.put(key, item)
    return key
  }

  addDurable(item: Uint8Array): Promise<void> {
    return this.#durable.add(item)
  }

  commit(items: readonly Uint8Array[]): Promise<void> {
    return this.#level.batch(this.#puts(items), { sync: true })
  }

  read(key: Buffer): Promise<Buffer> {
    return this.#level.get(key)
  }

  /** Something has to be written for it to sync: the removal of what was never there. */
  sync(): Promise<void> {
    return this.#level.batch([{ type: 'del', key: levelKey(0xffff_ffff) }], { sync: true })
  }

  close(): Promise<void> {
    return this.#level.close()
  }

  #puts(items: readonly Uint8Array[]): Operation[] {
    return items.map((value) => ({ type: 'put', key: levelKey(this.#next++), value }))
  }
}

function levelReader(level: Level): Reader {
  return {
    key: levelKey,
    readSync: (key) => level.getSync(key as Buffer),
    read: (key) => level.get(key as Buffer),
    async scan(visit) {
      const values = level.values()
      for (let batch = await values.nextv(SCAN_BATCH); batch.length > 0; batch = await values.nextv(SCAN_BATCH)) {
        for (const item of batch) visit(item)
      }
      await values.close()
    },
    close: () => level.close(),
  }
}

function levelKey(n: number): Buffer {
  const key = Buffer.allocUnsafe(4)
  key.writeUInt32BE(n)
  return key
}
