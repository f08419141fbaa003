// Takes the documents of the repository into the site: nothing that stands in one of them is written here a second time.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const site = dirname(fileURLToPath(import.meta.url))
const root = dirname(site)

/** Each page, and the document that it shows. What isn't there (yet) has no page. */
const candidates = {
  'reference/format.md': 'FORMAT.md',
  'reference/reliability.md': 'RELIABILITY.md',
  'reference/performance.md': 'PERFORMANCE.md',
  'reference/architecture.md': 'ARCHITECTURE.md',
  'reference/contributing.md': 'CONTRIBUTING.md',
  'reference/security.md': 'SECURITY.md',
  'reference/varve.md': 'packages/varve/README.md',
  'reference/core.md': 'packages/core/README.md',
  'reference/fs-backend.md': 'packages/fs-backend/README.md',
  'reference/memory-backend.md': 'packages/memory-backend/README.md',
  'reference/opfs-backend.md': 'packages/opfs-backend/README.md',
  'reference/s3-backend.md': 'packages/s3-backend/README.md',
  'reference/backend.md': 'packages/backend/README.md',
  'reference/faults.md': 'packages/backend/FAULTS.md',
  'reference/cli.md': 'packages/cli/README.md',
  'reference/bench.md': 'packages/bench/README.md',
  'reference/runtimes.md': 'RUNTIMES.md',
  'examples/index.md': 'examples/README.md',
  'examples/sqlite-index.md': 'examples/sqlite-index/README.md',
  'examples/event-log.md': 'examples/event-log/README.md',
  'examples/upload-service.md': 'examples/upload-service/README.md',
  'examples/unit-tests.md': 'examples/unit-tests/README.md',
  'examples/own-backend.md': 'examples/own-backend/README.md',
  'examples/block-archive.md': 'examples/block-archive/README.md',
}

/** The programs that an example's page shows below its text. */
const programs = {
  'examples/sqlite-index.md': ['sqlite-index/documents.ts'],
  'examples/event-log.md': ['event-log/event-log.ts'],
  'examples/upload-service.md': ['upload-service/upload-service.ts'],
  'examples/unit-tests.md': ['unit-tests/guest-book.ts', 'unit-tests/guest-book.test.ts'],
  'examples/own-backend.md': ['own-backend/map-backend.ts', 'own-backend/map-backend.test.ts'],
  'examples/block-archive.md': ['block-archive/block-archive.ts'],
}

const documents = Object.fromEntries(Object.entries(candidates).filter(([, document]) => existsSync(join(root, document))))
/** The root README has no page of its own: the site's first page and the guide say what it says. */
const pageOf = { 'README.md': '', ...Object.fromEntries(Object.entries(documents).map(([page, document]) => [document, page])) }

/** A link from one document to another becomes one from page to page; one to a source file becomes plain text, as the sources are not on the site. */
function relinked(text, document) {
  return text.replace(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g, (whole, image, label, target) => {
    if (/^([a-z]+:|#)/.test(target)) return whole
    const [path, anchor] = target.split('#')
    const found = posix.normalize(posix.join(posix.dirname(document), path))
    const page = pageOf[found]
    if (page === undefined) return image ? whole : label
    return `[${label}](/${page.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}${anchor ? `#${anchor}` : ''})`
  })
}

/** Pictures are copied to where the site serves them from, and named so, in Markdown and in HTML. */
function withPictures(text, document) {
  return text.replace(/(!\[[^\]]*\]\(|(?:src|srcset)=")([^)"\s:]+\.(?:svg|png))/g, (whole, before, target) => {
    const found = posix.normalize(posix.join(posix.dirname(document), target))
    if (!existsSync(join(root, found))) return whole
    cpSync(join(root, found), join(site, 'public/taken', found))
    return `${before}/taken/${found}`
  })
}

/** A picture in two colours goes by the reader's choice on the site, which need not be that of the system. */
function inBothColours(text) {
  return text.replace(
    /<picture><source [^>]*srcset="([^"]+)"><img alt="([^"]*)" src="([^"]+)"><\/picture>/g,
    (_, dark, title, light) => `<img class="in-dark" alt="${title}" src="${dark}"><img class="in-light" alt="${title}" src="${light}">`,
  )
}

/** Outside of code only. */
function outsideCode(text, change) {
  return text
    .split(/(^```[\s\S]*?^```$)/m)
    .map((part, n) => (n % 2 ? part : change(part)))
    .join('')
}

for (const folder of ['reference', 'examples', 'public/taken']) rmSync(join(site, folder), { recursive: true, force: true })
for (const [page, document] of Object.entries(documents)) {
  const text = outsideCode(readFileSync(join(root, document), 'utf8'), (part) =>
    inBothColours(withPictures(relinked(part, document), document)),
  )
  const shown = (programs[page] ?? []).map((program) => `\n## ${posix.basename(program)}\n\n<<< ../../examples/${program}\n`)
  mkdirSync(dirname(join(site, page)), { recursive: true })
  // The highlighter knows no such language.
  writeFileSync(join(site, page), `${text.replaceAll('```hexdump', '```txt')}${shown.join('')}`)
}
