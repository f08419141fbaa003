import { powerLossBackend } from '@varve/backend/faults'
import { Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/programs/manual-clock.js'
import { afterPowerCut, contentOf, itemsOf, opened } from './opened.js'

const [first, second, third] = [contentOf(1, 40), contentOf(2, 50), contentOf(3, 60)]

describe('a failed sync', () => {
  test('is final: the store has failed, and what the sync was about is never acknowledged', async () => {
    const disk = powerLossBackend()
    const store = await opened(disk)
    await store.add(first, { durable: true })
    disk.failNextSync()
    await expect(store.add(second, { durable: true })).rejects.toMatchObject({ code: 'FAILED' })
    await expect(store.flush()).rejects.toMatchObject({ code: 'FAILED' })
    expect(await itemsOf(await opened(afterPowerCut(disk)))).toEqual([first])
  })

  test('makes the next start write again what only the page cache shows, so that what is served then survives a power cut', async () => {
    const disk = powerLossBackend()
    const store = await opened(disk)
    await store.add(first, { durable: true })
    disk.failNextSync()
    await expect(store.add(second, { durable: true })).rejects.toMatchObject({ code: 'FAILED' })
    await store.stop().catch(() => undefined)
    await store.start()
    expect(await itemsOf(store)).toEqual([first, second])
    expect(await itemsOf(await opened(afterPowerCut(disk)))).toEqual([first, second])
  })

  test('of the first block of a store is healed likewise', async () => {
    const disk = powerLossBackend()
    const store = await opened(disk)
    disk.failNextSync()
    await expect(store.add(first, { durable: true })).rejects.toMatchObject({ code: 'FAILED' })
    await store.stop().catch(() => undefined)
    await store.start()
    expect(await itemsOf(store)).toEqual([first])
    expect(await itemsOf(await opened(afterPowerCut(disk)))).toEqual([first])
  })

  test('of the closing block loses nothing that is acknowledged behind it after the next start', async () => {
    const disk = powerLossBackend()
    const store = await opened(disk)
    await store.add(first, { durable: true })
    // Whatever the closing block's sync is, the one that fails must be it: everything before it is synced already.
    disk.failNextSync()
    await expect(store.stop()).rejects.toMatchObject({ code: 'FAILED' })
    const again = new Varve(disk, { maxFileSize: 1024 }, new ManualClock())
    await store.stop().catch(() => undefined)
    await again.start()
    await again.add(second, { durable: true })
    expect(await itemsOf(await opened(afterPowerCut(disk)))).toEqual([first, second])
    await again.add(third)
    await again.stop()
    expect(await itemsOf(await opened(afterPowerCut(disk)))).toEqual([first, second, third])
  })

  test('of the closing block loses nothing that is acknowledged in the next file after the next start', async () => {
    const disk = powerLossBackend()
    const options = { maxFileSize: 512 }
    const store = await opened(disk, options)
    const large = contentOf(4, 250)
    await store.add(large, { durable: true })
    disk.failNextSync()
    await expect(store.stop()).rejects.toMatchObject({ code: 'FAILED' })
    await store.stop().catch(() => undefined)
    const again = await opened(disk, options)
    // Too large for what is left of the file: adds go on in the next one at once.
    expect(await again.add(large, { durable: true })).toMatchObject({ index: 1 })
    const after = await opened(afterPowerCut(disk), options)
    expect(await itemsOf(after)).toEqual([large, large])
    expect((await after.read({ index: 0, position: 44, size: 250 }))?.length).toBe(250)
  })
})
