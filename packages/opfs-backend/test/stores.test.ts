import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { item } from './browser/toolbox.js'
import { describeInChromium } from './chromium.js'
import { shareBackend } from './shared-backend.js'
import { storePages } from './store-pages.js'

describeInChromium('a store in Chromium', () => {
  const pages = storePages()
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'varve-opfs-'))
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('adds, commits, rotates, reads at once, follows, trims, drops and verifies, in a worker', async () => {
    const tab = await pages.open()
    const result = await tab.inWorker(async ({ Varve, opfsBackend, item, seedsOf, failure }) => {
      const options = { maxFileSize: 4096, overwrite: true }
      const db = await Varve.open(opfsBackend('all-of-it'), options)
      const locations = [await db.add(item(300, 0), { durable: true })]
      locations.push(...(await db.addMany(Array.from({ length: 40 }, (_, n) => item(300, n + 1)))))
      const transaction = db.transaction()
      for (let n = 41; n < 60; n++) transaction.add(item(300, n))
      locations.push(...(await transaction.commit()))
      const followed: number[] = []
      let caughtUp = () => {}
      const hasCaughtUp = new Promise<void>((resolve) => (caughtUp = resolve))
      const following = (async () => {
        for await (const { sequence } of db.scan({ follow: true })) if (followed.push(sequence) === 61) caughtUp()
      })()
      locations.push(await db.add(item(300, 60), { durable: true }))
      const all = await seedsOf(db, 300)
      const first = db.readSync(locations[0]!)
      // A follower that is still behind would be told so by the stop.
      await hasCaughtUp
      await db.stop()
      await following
      await db.start()
      // Files that nobody has read since the start.
      const atOnce = locations.map((location) => db.readSync(location)?.length)
      const { position } = locations[3]!
      await db.ltrim(0, position)
      await db.dropIndex(2)
      const left = []
      for await (const { sequence } of db.scan()) left.push(sequence)
      const dropped = locations.filter(({ index }) => index === 2).length
      const gone = [await db.read(locations[0]!), db.readSync(locations.find(({ index }) => index === 2)!)]
      const { damages, items } = await db.verify()
      const stats = await db.stats()
      await db.stop()
      const never = await failure(() => db.readSync(locations[0]!))
      await db.start()
      await db.stop()
      await db.destroy()
      const names = await opfsBackend('all-of-it').list()
      return { all, followed, first: first?.length, atOnce, left, dropped, gone, damages, items, lock: stats.lock, never, names }
    }, undefined)
    const everything = Array.from({ length: 61 }, (_, n) => n)
    expect(result).toMatchObject({
      all: everything,
      followed: everything,
      first: 300,
      atOnce: everything.map(() => 300),
      damages: [],
      names: [],
    })
    expect(result.left).toHaveLength(61 - 3 - result.dropped)
    expect(result.items).toBe(result.left.length)
    expect(result.gone).toEqual([undefined, undefined])
    expect(result.lock).toMatch(/^Web Lock "varve-opfs \/all-of-it" of client /)
    expect(result.never.code).toBe('NOT_RUNNING')
    await tab.page.close()
  })

  test('does the same on a page, but for reading at once, and is the store that a worker opens', async () => {
    const tab = await pages.open()
    const result = await tab.onPage(async ({ Varve, opfsPageBackend, item, seedsOf, failure }) => {
      const db = await Varve.open(opfsPageBackend('from/a/page'), { maxFileSize: 4096, overwrite: true })
      const locations = await db.addMany(Array.from({ length: 40 }, (_, n) => item(300, n)))
      await db.flush()
      const atOnce = await failure(() => db.readSync(locations[0]!))
      const all = await seedsOf(db, 300)
      await db.ltrim(0, locations[2]!.position)
      await db.dropIndex(0)
      const { damages } = await db.verify()
      await db.stop()
      return { atOnce, all, damages }
    }, undefined)
    expect(result).toMatchObject({ atOnce: { code: 'UNSUPPORTED' }, all: Array.from({ length: 40 }, (_, n) => n), damages: [] })
    const found = await tab.inWorker(async ({ Varve, opfsBackend }) => {
      const db = await Varve.open(opfsBackend('/from/a/page/'), { maxFileSize: 4096 })
      const { firstSequence, nextSequence } = await db.stats()
      await db.stop()
      return { firstSequence, nextSequence }
    }, undefined)
    expect(found).toEqual({ firstSequence: expect.any(Number), nextSequence: 40 })
    expect(found.firstSequence).toBeGreaterThan(5)
    await tab.page.close()
  })

  test('keeps in memory what the quota has no room for, and writes it when there is some', async () => {
    const tab = await pages.open()
    const session = await pages.profile.newCDPSession(tab.page)
    const origin = new URL(pages.url).origin
    const { usage } = await tab.onPage(({ storageStatus }) => storageStatus(), undefined)
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 8 * 1024 * 1024 })
    await tab.page.exposeFunction('moreRoom', () => session.send('Storage.overrideQuotaForOrigin', { origin }))
    const result = await tab.onPage(async ({ Varve, opfsPageBackend, item, failure, seedsOf }) => {
      const db = await Varve.open(opfsPageBackend('quota'))
      await db.add(item(1_000_000, 0), { durable: true })
      const adds = Array.from({ length: 14 }, (_, n) => db.add(item(1_000_000, n + 1)))
      const refused = await failure(() => db.flush())
      const after = db.state
      await (globalThis as unknown as { moreRoom(): Promise<void> }).moreRoom()
      await Promise.all(adds)
      await db.flush()
      const seeds = await seedsOf(db, 1_000_000)
      await db.stop()
      return { refused, after, seeds }
    }, undefined)
    expect(result).toMatchObject({ refused: { code: 'NO_SPACE' }, after: 'running', seeds: Array.from({ length: 15 }, (_, n) => n) })
    await tab.page.close()
  })

  test('is copied out, byte for byte, and opened by Node; and a store of Node’s is copied in', async () => {
    const tab = await pages.open()
    const out = join(folder, 'out')
    await shareBackend(tab.page, fsBackend(out))
    const lengths = await tab.onPage(async ({ Varve, opfsPageBackend, item }) => {
      const backend = opfsPageBackend('uploaded')
      const db = await Varve.open(backend, { maxFileSize: 4096 })
      await db.addMany(Array.from({ length: 50 }, (_, n) => item(300, n)))
      await db.flush()
      await db.copyTo((globalThis as unknown as { nodeBackend: typeof backend }).nodeBackend)
      await db.stop()
      const again = await Varve.open(backend, { maxFileSize: 4096, readOnly: true })
      await again.copyTo((globalThis as unknown as { nodeBackend: typeof backend }).nodeBackend)
      await again.stop()
      const files: { [name: string]: number[] } = {}
      for (const name of await backend.list()) {
        const file = await backend.open(name)
        const bytes = new Uint8Array(await file.size())
        await file.read(bytes, 0)
        await file.close()
        files[name] = [...bytes]
      }
      return files
    }, undefined)
    const names = (await readdir(out)).filter((name) => !name.startsWith('.lock'))
    expect(names.sort()).toEqual(Object.keys(lengths).sort())
    for (const name of names) expect([...(await readFile(join(out, name)))]).toEqual(lengths[name])
    const db = await Varve.open(fsBackend(out), { maxFileSize: 4096 })
    let next = 0
    for await (const { sequence, data } of db.scan()) {
      expect(sequence).toBe(next++)
      expect(Buffer.compare(data, item(300, sequence))).toBe(0)
    }
    expect(next).toBe(50)
    await db.add(item(300, 50))
    await db.stop()
    const seeds = await tab.onPage(async ({ Varve, opfsPageBackend, seedsOf }) => {
      const there = await Varve.open((globalThis as unknown as { nodeBackend: ReturnType<typeof opfsPageBackend> }).nodeBackend, {
        readOnly: true,
      })
      await there.copyTo(opfsPageBackend('downloaded'))
      await there.stop()
      const here = await Varve.open(opfsPageBackend('downloaded'))
      const found = await seedsOf(here, 300)
      await here.stop()
      return found
    }, undefined)
    expect(seeds).toEqual(Array.from({ length: 51 }, (_, n) => n))
    await tab.page.close()
  })
})
