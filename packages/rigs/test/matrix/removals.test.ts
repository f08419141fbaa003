import { faultyBackend, hold, powerLossBackend } from '@varve/backend/faults'
import { Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/programs/manual-clock.js'
import { BLOCK_HEADER, bytesOf, contentOf, itemsOf, opened } from './opened.js'

const items = [contentOf(1, 30), contentOf(2, 45), contentOf(3, 20)]

async function nextSequence(store: Varve): Promise<number> {
  return (await store.stats()).nextSequence
}

describe('what was removed', () => {
  test('by rtrim of the last items: neither their positions nor their sequences are used again, also after a restart', async () => {
    const disk = powerLossBackend()
    const store = await opened(disk)
    const locations = await store.addMany(items, { durable: true })
    await store.rtrim(0, (locations[1] as (typeof locations)[number]).position)
    await store.stop()
    await store.start()
    expect(await nextSequence(store)).toBe(3)
    const next = await store.add(contentOf(4, 45), { durable: true })
    expect(next.index).toBe(1)
    expect(await store.read(locations[1] as (typeof locations)[number])).toBeUndefined()
    const sequences: number[] = []
    for await (const { sequence } of store.locations()) sequences.push(sequence)
    expect(sequences).toEqual([0, 3])
  })

  test('by rtrim: the file ends in a closing block that carries the sequence on behind them', async () => {
    const disk = powerLossBackend()
    const store = await opened(disk)
    const locations = await store.addMany(items, { durable: true })
    await store.rtrim(0, (locations[1] as (typeof locations)[number]).position)
    const file = bytesOf(disk.contents(), 'data00000.dat')
    const closing = new DataView(file.buffer, file.byteOffset + file.length - BLOCK_HEADER, BLOCK_HEADER)
    expect({ flags: closing.getUint32(4, true), sequence: closing.getBigUint64(16, true) }).toEqual({ flags: 2, sequence: 3n })
  })

  test('is what the caller expects, or nothing is removed', async () => {
    const store = await opened(powerLossBackend())
    const locations = await store.addMany(items, { durable: true })
    const { position } = locations[1] as (typeof locations)[number]
    await expect(store.ltrim(0, position, { expect: contentOf(9, 30) })).rejects.toMatchObject({ code: 'TRIM_MISMATCH' })
    await expect(store.rtrim(0, position, { expect: contentOf(9, 45) })).rejects.toMatchObject({ code: 'TRIM_MISMATCH' })
    expect(await itemsOf(store)).toEqual(items)
    expect(await store.ltrim(0, position, { expect: (items[0] as Uint8Array).subarray(-10) })).toBe(30)
    expect(await itemsOf(store)).toEqual(items.slice(1))
  })
})

describe('a reader beside a trim in the same process', () => {
  test('that has begun before it gets its bytes, and the trim waits for it', async () => {
    const disk = faultyBackend(powerLossBackend({ synchronous: false }))
    const store = new Varve(disk, { maxFileSize: 1024, overwrite: true }, new ManualClock())
    await store.start()
    const locations = await store.addMany(items, { durable: true })
    const gate = hold()
    disk.inject({ kind: 'read', fault: gate })
    const reading = store.read(locations[2] as (typeof locations)[number])
    await gate.reached
    const trimming = store.ltrim(0, (locations[1] as (typeof locations)[number]).position)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(disk.calls.some(({ kind }) => kind === 'replace')).toBe(false)
    gate.release()
    expect(await reading).toEqual(items[2])
    expect(await trimming).toBe(30)
    await store.stop()
  })

  test('that needs several looks at the file keeps it open until the last one', async () => {
    const disk = faultyBackend(powerLossBackend({ synchronous: false }))
    const store = new Varve(disk, { maxFileSize: 1024, overwrite: true }, new ManualClock())
    await store.start()
    const locations = await store.addMany(items, { durable: true })
    const gate = hold()
    disk.inject({ kind: 'read', fault: gate })
    const { index, position, size } = locations[2] as (typeof locations)[number]
    // Of the wrong size: after the first look it goes through the file to find out why.
    const code = store.read({ index, position, size: size - 1 }).catch((error: { readonly code?: string }) => error.code)
    await gate.reached
    const trimming = store.ltrim(0, (locations[1] as (typeof locations)[number]).position)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    gate.release()
    expect(await code).toBe('INVALID_LOCATION')
    expect(await trimming).toBe(30)
    await store.stop()
  })

  test('that comes while the file is replaced waits, and gets its bytes', async () => {
    const disk = faultyBackend(powerLossBackend({ synchronous: false }))
    const store = new Varve(disk, { maxFileSize: 1024, overwrite: true }, new ManualClock())
    await store.start()
    const locations = await store.addMany(items, { durable: true })
    const gate = hold()
    disk.inject({ kind: 'replace', fault: gate })
    const trimming = store.ltrim(0, (locations[1] as (typeof locations)[number]).position)
    await gate.reached
    const before = disk.count()
    const reading = store.read(locations[2] as (typeof locations)[number])
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(disk.calls.filter(({ number, kind }) => number > before && kind === 'open')).toEqual([])
    gate.release()
    expect(await trimming).toBe(30)
    expect(await reading).toEqual(items[2])
    await store.stop()
  })
})
