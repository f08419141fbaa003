import { mkdtempSync } from 'node:fs'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { memoryBackend } from '@varve/memory-backend'
import { expect, test } from 'vitest'

const items = (n: number, size: number) => Array.from({ length: n }, (_, i) => new Uint8Array(size + (i % 7)).fill(i % 251))

for (const kind of ['memory', 'fs'] as const) {
  test(`smoke ${kind}`, async () => {
    const backend = kind === 'memory' ? memoryBackend() : fsBackend(mkdtempSync('/tmp/smoke/s') + '/db')
    const db = await Varve.open(backend, { maxFileSize: 64 * 1024, overwrite: true, maxBufferSize: 8 * 1024 })
    const data = items(500, 300)
    const locations = []
    for (const d of data) locations.push(await db.add(d))
    for (const [i, l] of locations.entries()) expect(await db.read(l)).toEqual(data[i])
    const t = db.transaction()
    for (const d of data) t.add(d)
    const tl = await t.commit()
    for (const [i, l] of tl.entries()) expect(await db.read(l)).toEqual(data[i])
    const big = new Uint8Array(30000).fill(7)
    const bl = await db.add(big)
    expect(await db.read(bl)).toEqual(big)
    await db.flush()
    let n = 0
    for await (const { data: d, sequence } of db.scan()) {
      expect(sequence).toBe(n)
      expect(d).toEqual(n < 500 ? data[n] : n < 1000 ? data[n - 500] : big)
      n++
    }
    expect(n).toBe(1001)
    const rev = []
    for await (const { sequence } of db.scan({ reverse: true })) rev.push(sequence)
    expect(rev).toEqual(Array.from({ length: 1001 }, (_, i) => 1000 - i))
    const locs = []
    for await (const { location } of db.locations()) locs.push(location)
    expect(locs).toEqual([...locations, ...tl, bl])
    console.log(await db.stats())
    await db.stop()
    await db.start()
    expect(await db.readMany(locations)).toEqual(data)
    const removed = await db.ltrim(1, locations.filter((l) => l.index === 1)[3]!.position)
    expect(removed).toBeGreaterThan(0)
    expect(await db.read(locations.filter((l) => l.index === 1)[2]!)).toBeUndefined()
    expect(await db.read(locations.filter((l) => l.index === 1)[3]!)).toBeDefined()
    await db.dropIndex(0)
    await db.dropIndex(2)
    expect(await db.read(locations[0]!)).toBeUndefined()
    await db.stop()
    await db.start()
    let left = 0
    for await (const _ of db.scan()) left++
    console.log(left, await db.stats())
    await Promise.all(data.slice(0, 64).map((d) => db.add(d, { durable: true })))
    await db.stop()
    await db.destroy()
  })
}
