import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nodePlatform } from '../../src/platform/node.js'
import { portablePlatform } from '../../src/platform/portable.js'

// The sizes where something may change: an item, a word, a page, half of one.
const sizes = fc.oneof(
  fc.integer({ min: 1, max: 64 }),
  fc.integer({ min: 1, max: 10_000 }),
  fc.constantFrom(7, 8, 9, 4095, 4096, 4097, 8184, 8191, 8192, 8193),
)

describe.each([
  ['node', nodePlatform],
  ['portable', portablePlatform],
])('memory of the %s platform', (_, platform) => {
  test('has the size asked for', () => {
    for (const size of [1, 7, 8, 100, 4096, 4097, 8192, 1024 * 1024]) {
      expect(platform.allocateItem(size)).toHaveLength(size)
      expect(platform.allocateSlab(size)).toHaveLength(size)
    }
  })

  test('is a Uint8Array and nothing more', () => {
    for (const bytes of [platform.allocateItem(5), platform.allocateItem(5000), platform.allocateSlab(5)]) {
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    }
  })

  test('for items never overlaps and starts where any typed array may start', () => {
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 1, maxLength: 60 }), (wanted) => {
        const items = wanted.map((size, n) => platform.allocateItem(size).fill(n + 1))
        for (const [n, item] of items.entries()) {
          if (item.byteOffset % 8 !== 0) throw new Error(`item ${n} starts at ${item.byteOffset}`)
          if (item.length !== wanted[n] || item.some((byte) => byte !== n + 1)) throw new Error(`item ${n} was written over`)
        }
      }),
    )
  })

  test('for slabs is theirs alone', () => {
    const slabs = [100, 4096, 100_000].map((size) => platform.allocateSlab(size))
    for (const slab of slabs) {
      expect(slab.byteOffset).toBe(0)
      expect(slab.buffer.byteLength).toBe(slab.length)
    }
    expect(new Set(slabs.map(({ buffer }) => buffer)).size).toBe(slabs.length)
  })
})

describe('small items on Node', () => {
  test('share pages: a thousand of them do not take a thousand allocations', () => {
    const items = Array.from({ length: 1000 }, () => nodePlatform.allocateItem(16))
    expect(new Set(items.map(({ buffer }) => buffer)).size).toBeLessThanOrEqual(3)
  })

  test('up to half a page are paged, larger ones stand alone', () => {
    expect(nodePlatform.allocateItem(4096).buffer.byteLength).toBe(8192)
    expect(nodePlatform.allocateItem(4097).buffer.byteLength).toBe(4097)
  })

  test('fill a page to its last byte', () => {
    // Whatever was taken before: what no longer fits begins a page.
    const [a, b, c] = [4096, 4096, 4096].map((size) => nodePlatform.allocateItem(size)) as [Uint8Array, Uint8Array, Uint8Array]
    const [first, second] = a.byteOffset === 0 ? [a, b] : [b, c]
    expect([first.byteOffset, second.byteOffset]).toEqual([0, 4096])
    expect(second.buffer).toBe(first.buffer)
  })

  test('keep their bytes when a neighbour is sent to a worker', () => {
    // Two of three neighbours are on one page.
    const items = [1, 2, 3].map((fill) => nodePlatform.allocateItem(24).fill(fill))
    const { port1, port2 } = new MessageChannel()
    for (const { buffer } of items) {
      // Node 20 sends a copy, later ones refuse to send it at all.
      attempt(() => port1.postMessage(buffer, [buffer as ArrayBuffer]))
      attempt(() => structuredClone(buffer, { transfer: [buffer as ArrayBuffer] }))
    }
    port1.close()
    port2.close()
    expect(items.map((item) => [item.length, item[0], item[23]])).toEqual([
      [24, 1, 1],
      [24, 2, 2],
      [24, 3, 3],
    ])
  })
})

function attempt(action: () => void): void {
  try {
    action()
  } catch (error) {
    expect((error as Error).name).toBe('DataCloneError')
  }
}
