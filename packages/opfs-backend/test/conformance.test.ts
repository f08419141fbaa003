import { conformanceSuite } from '@varve/backend/conformance'
import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CaseName } from './case-name.js'
import { describeInChromium, launchChromium } from './chromium.js'
import { servePages } from './page-server.js'

describeInChromium('in Chromium', () => {
  let server: Awaited<ReturnType<typeof servePages>>
  let browser: Awaited<ReturnType<typeof launchChromium>>
  let page: Page

  beforeAll(async () => {
    ;[server, browser] = await Promise.all([servePages(), launchChromium()])
    page = await browser.profile.newPage()
    await page.goto(`${server.url}conformance.html`)
    await page.waitForFunction(() => 'run' in globalThis)
  })

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  const run = (name: CaseName) =>
    page.evaluate((one) => (globalThis as unknown as { run(name: CaseName): Promise<string | undefined> }).run(one), name)

  for (const [backend, what] of [
    ['worker', 'opfsBackend, in a worker,'],
    ['page', 'opfsPageBackend, on a page,'],
  ] as const) {
    // Each has a directory of its own.
    describe.concurrent(`${what} keeps the backend contract`, () => {
      for (const [topic, cases] of Object.entries(conformanceSuite)) {
        describe(topic, () => {
          for (const [index, { title }] of cases.entries()) {
            test(title, async () => expect(await run({ topic, index, backend })).toBeUndefined())
          }
        })
      }
    })
  }
})
