import { beforeAll, expect, test } from 'vitest'
import { describeInChromium } from './chromium.js'
import { storePages, type Tab } from './store-pages.js'

// BROWSER_KILLS says how many tabs are killed.
const rounds = Number(process.env.BROWSER_KILLS ?? 2)

describeInChromium('a store in several tabs', () => {
  const pages = storePages()
  let one: Tab
  let other: Tab

  beforeAll(async () => {
    one = await pages.open()
    other = await pages.open()
  })

  /** Code that stays: it tells what it does, and ends with its tab. */
  async function start(
    tab: Tab,
    code: Parameters<Tab['inWorker']>[0],
    argument: unknown,
  ): Promise<{ told: unknown[]; until(count: number): Promise<void> }> {
    const told: unknown[] = []
    let wake = (): void => {}
    await tab.page.exposeFunction('tell', (what: unknown) => {
      told.push(what)
      wake()
    })
    void tab.inWorker(code, argument).catch((error: unknown) => told.push(error))
    return {
      told,
      async until(count) {
        while (told.length < count) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      },
    }
  }

  test('has one writer, and a reader that follows it, trims and drops included', async () => {
    const writer = await start(
      one,
      async ({ Varve, opfsBackend, item }) => {
        const tell = (told: unknown) => (globalThis as unknown as { postMessage(message: unknown): void }).postMessage({ told })
        const db = await Varve.open(opfsBackend('shared'), { maxFileSize: 4096, overwrite: true })
        await db.addMany(Array.from({ length: 20 }, (_, n) => item(300, n)))
        await db.flush()
        tell((await db.stats()).lock)
        const channel = new BroadcastChannel('shared')
        channel.onmessage = async () => {
          await db.addMany(Array.from({ length: 20 }, (_, n) => item(300, n + 20)))
          await db.dropIndex(0)
          await db.flush()
          channel.postMessage('dropped')
          tell('more')
        }
        await new Promise(() => {})
      },
      undefined,
    )
    await writer.until(1)
    const result = await other.onPage(async ({ Varve, opfsPageBackend, failure, item }) => {
      const locked = await failure(() => Varve.open(opfsPageBackend('shared')))
      const db = await Varve.open(opfsPageBackend('shared'), { readOnly: true })
      const channel = new BroadcastChannel('shared')
      const dropped = new Promise((resolve) => (channel.onmessage = resolve))
      const seen: number[] = []
      for await (const { sequence, data } of db.scan({ follow: true })) {
        if (data.some((byte, at) => byte !== item(300, sequence)[at])) throw new Error(`item ${sequence} is not what was added`)
        if (seen.push(sequence) === 20) channel.postMessage('go on')
        if (sequence === 39) break
      }
      // The last items may have been written of themselves, before the file was dropped.
      await dropped
      const first = await db.read({ index: 0, position: 44, size: 300 })
      await db.stop()
      return { locked, seen, first }
    }, undefined)
    expect(result.locked.code).toBe('LOCKED')
    expect(result.locked.message).toContain(writer.told[0])
    expect(result.seen).toEqual(Array.from({ length: 40 }, (_, n) => n))
    expect(result.first).toBeUndefined()
  })

  test('gives the lock to the next one as soon as its tab is closed', async () => {
    await one.page.close()
    const nextSequence = await other.inWorker(async ({ Varve, opfsBackend }) => {
      const db = await Varve.open(opfsBackend('shared'), { maxFileSize: 4096 })
      const stats = await db.stats()
      await db.stop()
      return stats.nextSequence
    }, undefined)
    expect(nextSequence).toBe(40)
  })

  test('fails, and writes no more, where somebody takes its lock away', async () => {
    const result = await other.onPage(async ({ Varve, opfsPageBackend, item, failure, seedsOf }) => {
      const db = await Varve.open(opfsPageBackend('stolen'))
      await db.add(item(100, 0), { durable: true })
      const failed = new Promise<string>((resolve) => db.on('failure', ({ error }) => resolve(error.message)))
      let giveBack = () => {}
      const stolen = (
        globalThis as unknown as { navigator: { locks: { request(name: string, options: object, run: () => unknown): Promise<void> } } }
      ).navigator.locks.request('varve-opfs /stolen', { steal: true }, () => new Promise<void>((resolve) => (giveBack = resolve)))
      const message = await failed
      const refused = await failure(() => db.add(item(100, 1)))
      const stillRead = await seedsOf(db, 100)
      await db.stop().catch(() => undefined)
      giveBack()
      await stolen
      const next = await Varve.open(opfsPageBackend('stolen'))
      await next.add(item(100, 1), { durable: true })
      const seeds = await seedsOf(next, 100)
      await next.stop()
      return { message, refused, stillRead, seeds }
    }, undefined)
    expect(result.message).toContain('the lock was lost')
    expect(result).toMatchObject({ refused: { code: 'FAILED' }, stillRead: [0], seeds: [0, 1] })
  })

  test(
    'keeps every durable item of tabs that are killed in the middle of writes',
    async () => {
      const acknowledged = new Map<string, number>()
      for (let round = 0; round < rounds; round++) {
        const tab = await pages.open()
        const writer = await start(
          tab,
          async ({ Varve, opfsBackend, opfsPageBackend, item, seedsOf }, kind) => {
            const tell = (told: unknown) => (globalThis as unknown as { postMessage(message: unknown): void }).postMessage({ told })
            const db = await Varve.open(kind === 'page' ? opfsPageBackend('killed') : opfsBackend('killed'), { maxFileSize: 8192 })
            const found = await seedsOf(db, 300)
            tell(found.length)
            for (let n = found.length; ; n += 3) {
              await Promise.all([0, 1, 2].map((step) => db.add(item(300, n + step), { durable: true })))
              tell(n + 3)
            }
          },
          round % 2 ? 'page' : 'worker',
        )
        await writer.until(10 + round * 7)
        const before = acknowledged.get('killed') ?? 0
        expect(writer.told[0]).toBeGreaterThanOrEqual(before)
        // The process goes, as when the system kills it.
        const session = await pages.profile.newCDPSession(tab.page)
        const crashed = tab.page.waitForEvent('crash')
        // Nobody is left to answer.
        session.send('Page.crash').catch(() => undefined)
        await crashed
        acknowledged.set('killed', Math.max(...writer.told.filter((told) => typeof told === 'number')))
        await tab.page.close()
      }
      const { found, damages } = await other.inWorker(async ({ Varve, opfsBackend, seedsOf }) => {
        const db = await Varve.open(opfsBackend('killed'), { maxFileSize: 8192 })
        const seeds = await seedsOf(db, 300)
        const report = await db.verify()
        await db.stop()
        return { found: seeds.length, damages: report.damages }
      }, undefined)
      expect(found).toBeGreaterThanOrEqual(acknowledged.get('killed')!)
      expect(damages).toEqual([])
    },
    30_000 * rounds,
  )
})
