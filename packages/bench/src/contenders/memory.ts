import { crc32 } from 'node:zlib'
import type { Contender } from '../contender.js'
import { SeededItems } from '../seeded-items.js'

const SLAB_BYTES = 16 * 1024 * 1024
const NO_DISK = 'it has no disk'

/** Copies every item once and checksums it, in memory, and that is all: what is left if the disk and everything around cost nothing. */
export const memory: Contender = {
  name: 'memcpy + CRC',
  role: 'limit',
  cannot: {
    addDurable: NO_DISK,
    commit: NO_DISK,
    readWhileWriting: NO_DISK,
    reopen: NO_DISK,
    read: 'nothing in it waits',
    follow: NO_DISK,
    followBeside: NO_DISK,
  },

  async probe() {
    return `Node ${process.version}`
  },

  async create() {
    const slab = Buffer.alloc(SLAB_BYTES)
    let used = 0
    const take = (item: Uint8Array): void => {
      if (used + item.length > slab.length) used = 0
      slab.set(item, used)
      crc32(new Uint8Array(slab.buffer, slab.byteOffset + used, item.length))
      used += item.length
    }
    return {
      async addMany(items) {
        for (const item of items) take(item)
      },
      async add(item) {
        take(item)
      },
      async sync() {},
      async close() {},
    }
  },

  async fill() {},

  async open(_, { size, count }) {
    const items = SeededItems.of(size)
    return {
      key: (n) => items.get(n),
      readSync(key) {
        const item = Buffer.from(key as Buffer)
        crc32(item)
        return item
      },
      async scan(visit) {
        for (let n = 0; n < count; n++) {
          const item = items.get(n)
          crc32(item)
          visit(item)
        }
      },
      async close() {},
    }
  },
}
