import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInChromium, startChromium } from './chromium.js'
import { servePages } from './page-server.js'
import { openTab, type Tab } from './store-pages.js'

describeInChromium('a store in a Chromium that is killed', () => {
  let server: Awaited<ReturnType<typeof servePages>>
  let folder: string

  beforeAll(async () => {
    server = await servePages()
    folder = await mkdtemp(join(tmpdir(), 'varve-killed-'))
  })

  afterAll(async () => {
    await server?.close()
    // Its helpers may be writing still when the browser itself is gone.
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })

  /** Runs something in a browser with that profile, which is killed at the end. */
  async function inBrowser<T>(use: (tab: Tab) => Promise<T>): Promise<T> {
    const browser = await startChromium(folder)
    try {
      const connected = await chromium.connectOverCDP(browser.address)
      return await use(await openTab(await connected.contexts()[0]!.newPage(), server.url))
    } finally {
      await browser.kill()
    }
  }

  test('has every durable item when the browser is started again', async () => {
    const acknowledged = await inBrowser(async (tab) => {
      let last = 0
      let enough = (): void => {}
      const written = new Promise<void>((resolve) => {
        enough = resolve
      })
      await tab.page.exposeFunction('tell', (told: number) => {
        last = told
        if (told >= 60) enough()
      })
      void tab
        .inWorker(async ({ Varve, opfsBackend, item }) => {
          const tell = (told: number) => (globalThis as unknown as { postMessage(message: unknown): void }).postMessage({ told })
          const db = await Varve.open(opfsBackend('killed'), { maxFileSize: 8192, overwrite: true })
          for (let n = 0; ; n++) {
            await db.add(item(300, n), { durable: true })
            if (n === 40) await db.dropIndex(0)
            tell(n + 1)
          }
        }, undefined)
        .catch(() => undefined)
      await written
      return () => last
    })
    const { first, found, damages } = await inBrowser((tab) =>
      tab.inWorker(async ({ Varve, opfsBackend, seedsOf }) => {
        const db = await Varve.open(opfsBackend('killed'), { maxFileSize: 8192 })
        const seeds = await seedsOf(db, 300)
        const report = await db.verify()
        await db.stop()
        return { first: seeds[0], found: seeds.at(-1)! + 1, damages: report.damages }
      }, undefined),
    )
    expect(found).toBeGreaterThanOrEqual(acknowledged())
    expect(first).toBeGreaterThan(20)
    expect(damages).toEqual([])
  })
})
