// Opens every page of the built site and follows every link within it: to a page that is not there, to a heading that is not there, to a picture that does not load. In a browser where there is one, which also
// shows errors of the pages' own programs; else over the HTML. It says which it was.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { useLiveStore } from './use-live-store.mjs'

const site = join(dirname(fileURLToPath(import.meta.url)), '.vitepress/dist')
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
}
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

const files = (await readdir(site, { recursive: true })).map((name) => name.split(sep).join('/'))
const pages = files.filter((name) => name.endsWith('.html') && name !== '404.html')

const server = createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url, 'http://site').pathname)
  const name = join(site, path.endsWith('/') ? `${path}index.html` : path)
  const bytes = relative(site, name).startsWith('..') ? undefined : await readFile(name).catch(() => undefined)
  response.writeHead(bytes ? 200 : 404, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' }).end(bytes)
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${server.address().port}`

const problems = []
const executable = BROWSERS.find((path) => existsSync(path))
const looked = executable ? await inBrowser(executable) : await inHtml()
server.close()

let links = 0
for (const [page, { targets }] of looked) {
  for (const target of new Set(targets)) {
    const url = new URL(target, `${origin}/${page}`)
    if (url.origin !== origin) continue
    links++
    const name = decodeURIComponent(url.pathname)
      .slice(1)
      .replace(/(^|\/)$/, '$1index.html')
    if (!files.includes(name)) problems.push(`${page}: ${target} leads nowhere`)
    else if (url.hash && looked.has(name) && !looked.get(name).ids.has(decodeURIComponent(url.hash.slice(1))))
      problems.push(`${page}: ${target} has no such place`)
  }
}
for (const problem of problems) console.error(problem)
console.log(
  `${looked.size} pages and ${links} links checked ${executable ? `in ${executable}` : 'over the HTML: no Chromium is installed here, so no page was opened'}; ${problems.length} problems`,
)
process.exit(problems.length === 0 ? 0 : 1)

async function inBrowser(executablePath) {
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
  })
  const found = new Map()
  const tab = await browser.newPage()
  let page = ''
  tab.on('pageerror', (error) => problems.push(`${page}: ${error.message}`))
  tab.on('console', (message) => message.type() === 'error' && problems.push(`${page}: ${message.text()}`))
  for (page of pages) {
    await tab.goto(`${origin}/${page}`, { waitUntil: 'networkidle' })
    const { targets, ids, broken } = await tab.evaluate(() => ({
      targets: [...document.querySelectorAll('a[href]')].map((link) => link.getAttribute('href')),
      ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
      broken: [...document.images].filter((image) => image.complete && image.naturalWidth === 0).map(({ src }) => src),
    }))
    for (const picture of broken) problems.push(`${page}: the picture ${picture} does not load`)
    found.set(page, { targets, ids: new Set(ids) })
  }
  page = 'live.html'
  problems.push(...(await useLiveStore(tab, `${origin}/live.html`)).map((problem) => `${page}: ${problem}`))
  await browser.close()
  return found
}

async function inHtml() {
  const found = new Map()
  for (const page of pages) {
    const html = await readFile(join(site, page), 'utf8')
    const all = (pattern) => Array.from(html.matchAll(pattern), ([, value]) => value.replaceAll('&amp;', '&'))
    found.set(page, {
      targets: [...all(/<a\s[^>]*?href="([^"]*)"/g), ...all(/<img\s[^>]*?src="([^"]*)"/g)],
      ids: new Set(all(/\sid="([^"]*)"/g)),
    })
  }
  return found
}
