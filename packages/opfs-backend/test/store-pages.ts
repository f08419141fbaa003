import type { BrowserContext, Page } from 'playwright'
import { afterAll, beforeAll } from 'vitest'
import type { Toolbox } from './browser/toolbox.js'
import { launchChromium } from './chromium.js'
import { servePages } from './page-server.js'

/** A tab, in which a test's code runs: on its page, or in a worker of it. The code sees its argument and the toolbox, and nothing of the test. */
export interface Tab {
  readonly page: Page
  onPage<T, A>(code: (tools: Toolbox, argument: A) => T, argument: A): Promise<Awaited<T>>
  inWorker<T, A>(code: (tools: Toolbox, argument: A) => T, argument: A): Promise<Awaited<T>>
}

export interface StorePages {
  readonly url: string
  readonly profile: BrowserContext
  open(): Promise<Tab>
}

/** Starts a browser and what it loads, for all tests of a group. */
export function storePages(): StorePages {
  let server: Awaited<ReturnType<typeof servePages>>
  let browser: Awaited<ReturnType<typeof launchChromium>>
  beforeAll(async () => {
    ;[server, browser] = await Promise.all([servePages(), launchChromium()])
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })
  return {
    get url() {
      return server.url
    },
    get profile() {
      return browser.profile
    },
    open: async () => openTab(await browser.profile.newPage(), server.url),
  }
}

export async function openTab(page: Page, url: string): Promise<Tab> {
  await page.goto(`${url}store.html`)
  await page.waitForFunction(() => 'inWorker' in globalThis)
  const run = (where: 'onPage' | 'inWorker') => (code: unknown, argument: unknown) =>
    page.evaluate(
      ([place, source, given]) =>
        (globalThis as unknown as { [place: string]: (source: string, argument: unknown) => Promise<unknown> })[place as string]!(
          source as string,
          given,
        ),
      [where, String(code), argument] as const,
    )
  return { page, onPage: run('onPage') as Tab['onPage'], inWorker: run('inWorker') as Tab['inWorker'] }
}
