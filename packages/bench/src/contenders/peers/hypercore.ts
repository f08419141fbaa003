import { join } from 'node:path'
import type { Contender, Reader, Writer } from '../../contender.js'
import { importPeer, versionOfPeer } from '../../peer-packages.js'
import { fillByWriter } from './fill-by-writer.js'
import { TurnBatch } from './turn-batch.js'

interface Core {
  readonly length: number
  ready(): Promise<void>
  append(items: Uint8Array | readonly Uint8Array[]): Promise<{ readonly length: number }>
  get(index: number): Promise<Buffer>
  createReadStream(options?: { readonly live?: boolean; readonly start?: number }): AsyncIterable<Buffer> & { destroy(): void }
  close(): Promise<void>
}

async function open(directory: string): Promise<Core> {
  const { default: Hypercore } = await importPeer<{ default: new (path: string) => Core }>('hypercore')
  const core = new Hypercore(join(directory, 'core'))
  await core.ready()
  return core
}

/** A signed log with a Merkle tree. Many items an append is its fast way. */
export const hypercore: Contender = {
  name: 'hypercore',
  role: 'peer',
  package: 'hypercore',
  notDurable: { what: 'everything', why: 'what it appends is written but not synced' },
  cannot: {
    readSync: 'it has no synchronous read',
    followBeside: 'one process at a time has it',
  },

  async probe() {
    const version = await versionOfPeer('hypercore')
    await importPeer('hypercore')
    return version
  },

  async create(directory) {
    return hypercoreWriter(await open(directory))
  },

  fill: (directory, dataset) => fillByWriter(hypercore.create)(directory, dataset),

  async open(directory) {
    return hypercoreReader(await open(directory))
  },
}

function hypercoreWriter(core: Core): Writer {
  const batch = new TurnBatch((items) => core.append(items))
  return {
    async addMany(items) {
      await core.append(items)
    },
    async add(item) {
      return (await core.append(item)).length - 1
    },
    addDurable: (item) => batch.add(item),
    commit: (items) => core.append(items),
    read: (key) => core.get(key as number),
    async follow(visit) {
      const stream = core.createReadStream({ live: true, start: core.length })
      ;(async () => {
        for await (const item of stream) visit(item)
      })().catch(() => {})
      return {
        // Whoever waits for the next one is told nothing of the end until the log is closed.
        async close() {
          stream.destroy()
        },
      }
    },
    /** There is none: an append resolves when the operating system has it. */
    async sync() {},
    close: () => core.close(),
  }
}

function hypercoreReader(core: Core): Reader {
  return {
    key: (n) => n,
    read: (key) => core.get(key as number),
    async scan(visit) {
      for await (const item of core.createReadStream()) visit(item)
    },
    close: () => core.close(),
  }
}
