import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { BrowserContext } from 'playwright'
import { build, createServer, preview } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInChromium, launchChromium } from './chromium.js'

const packages = fileURLToPath(new URL('../../', import.meta.url))

describeInChromium('the example of the README, under Vite without configuration,', () => {
  let project: string
  let browser: Awaited<ReturnType<typeof launchChromium>>

  beforeAll(async () => {
    ;[project, browser] = await Promise.all([newProject(), launchChromium()])
  })

  afterAll(async () => {
    await browser?.close()
    await rm(project, { recursive: true, force: true })
  })

  test('runs when it is built', async () => {
    await build({ root: project, configFile: false, logLevel: 'error' })
    const server = await preview({ root: project, configFile: false, logLevel: 'error', preview: { host: '127.0.0.1', port: 0 } })
    try {
      const url = server.resolvedUrls!.local[0]!
      const first = await visit(browser.profile, url)
      expect(first.title).toBe('hello, 1 notes')
      expect((await visit(browser.profile, url)).title).toBe('hello, 2 notes')
      // A page loads the engine and a client, and its worker the backend.
      const worker = [...first.scripts.keys()].find((name) => name.includes('/worker'))
      expect(first.scripts.get(worker!)).toBeLessThan(5 * 1024)
      expect(first.scripts.size).toBeGreaterThan(1)
    } finally {
      await server.close()
    }
  })

  test('runs as it is, while it is developed', async () => {
    const server = await createServer({
      root: project,
      configFile: false,
      logLevel: 'error',
      server: { host: '127.0.0.1', port: 0, watch: null },
    })
    try {
      await server.listen()
      expect((await visit(browser.profile, server.resolvedUrls!.local[0]!)).title).toBe('hello, 1 notes')
    } finally {
      await server.close()
    }
  })
})

/** A project as a user has it: the page of the README, and the packages as they are published. */
async function newProject(): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'varve-vite-'))
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const [, example] = /On a page:\n\n```js\n([\s\S]*?)```/.exec(readme) ?? []
  await writeFile(join(project, 'package.json'), '{ "name": "notes", "private": true, "type": "module" }\n')
  await writeFile(join(project, 'index.html'), '<!doctype html>\n<body>\n<script type="module" src="/main.js"></script>\n')
  await writeFile(join(project, 'main.js'), example!)
  for (const name of ['backend', 'core', 'opfs-backend']) {
    const place = join(project, 'node_modules/@varve', name)
    await mkdir(place, { recursive: true })
    for (const part of ['package.json', 'dist']) await cp(join(packages, name, part), join(place, part), { recursive: true })
  }
  return project
}

/** What the page comes to, and the scripts that it loads: their names and lengths, gzipped. */
async function visit(profile: BrowserContext, url: string): Promise<{ title: string; scripts: Map<string, number> }> {
  const page = await profile.newPage()
  const loading: Promise<[string, number]>[] = []
  const failures: Error[] = []
  page.on('pageerror', (error) => failures.push(error))
  page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (pathname.endsWith('.js')) loading.push(response.body().then((body) => [pathname, gzipSync(body).byteLength]))
  })
  try {
    await page.goto(url)
    await page.waitForFunction('document.body.dataset.kept')
    expect(failures).toEqual([])
    return { title: await page.title(), scripts: new Map(await Promise.all(loading)) }
  } finally {
    await page.close()
  }
}
