import { markAsUntransferable } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { tableCrc32 } from './crc32-table.js'
import type { Platform } from './platform.js'

// Taken once at load: a test's fake timers must not stop the engine.
const { setImmediate } = globalThis

// A call into zlib costs 150-200 ns whatever the length; below this the table is faster.
const NATIVE_CRC_FROM = 256

// Small items are carved out of pages, as Node does for its own buffers: an allocation of each costs more than the copy.
const PAGE_BYTES = 8 * 1024
const PAGED_UP_TO = PAGE_BYTES / 2
let page = newPage()
let pageUsed = 0

function newPage(): ArrayBuffer {
  const fresh = unzeroed(PAGE_BYTES)
  // Transferring one item to a worker must not take its neighbours away.
  markAsUntransferable(fresh)
  return fresh
}

function unzeroed(size: number): ArrayBuffer {
  return Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer
}

const flushes = new Set<() => Promise<void>>()

async function flushAll(): Promise<void> {
  await Promise.all([...flushes].map((flush) => flush()))
}

export const nodePlatform: Platform = {
  crc32(bytes, seed, start = 0, end = bytes.length) {
    if (end - start < NATIVE_CRC_FROM) return tableCrc32(bytes, seed, start, end)
    return crc32(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start), seed >>> 0) | 0
  },
  allocateSlab: (size) => new Uint8Array(unzeroed(size)),
  allocateItem(size) {
    if (size > PAGED_UP_TO) return new Uint8Array(unzeroed(size))
    if (pageUsed + size > PAGE_BYTES) {
      page = newPage()
      pageUsed = 0
    }
    const item = new Uint8Array(page, pageUsed, size)
    // The next one starts at a multiple of 8, so that every item can be looked at through any typed array.
    pageUsed = (pageUsed + size + 7) & ~7
    return item
  },
  nextTurn: (callback) => void setImmediate(callback),
  onNaturalExit(flush) {
    if (flushes.size === 0) process.on('beforeExit', flushAll)
    flushes.add(flush)
    return () => {
      flushes.delete(flush)
      if (flushes.size === 0) process.off('beforeExit', flushAll)
    }
  },
}

export { nodePlatform as platform }
