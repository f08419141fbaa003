import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'

const site = fileURLToPath(new URL('..', import.meta.url))
const packages = fileURLToPath(new URL('../../packages/', import.meta.url))

interface Page {
  readonly text: string
  readonly link: string
}

/** Pages that are made from a document which this tree has not are left out. */
const pages = (all: readonly Page[]): Page[] =>
  all.filter(({ link }) => existsSync(`${site}${link.endsWith('/') ? `${link}index` : link}.md`))

const guide = [
  { text: 'First store', link: '/guide/first-store' },
  { text: 'Locations', link: '/guide/locations' },
  { text: 'Durability', link: '/guide/durability' },
  { text: 'Transactions', link: '/guide/transactions' },
  { text: 'Following', link: '/guide/following' },
  { text: 'Retention', link: '/guide/retention' },
  { text: 'Backup', link: '/guide/backup' },
  { text: 'Testing', link: '/guide/testing' },
  { text: 'Writing a backend', link: '/guide/backends' },
  { text: 'Operating', link: '/guide/operating' },
  { text: 'How it works, in pictures', link: '/guide/pictures' },
]
const choosing = [
  { text: 'Beside other stores', link: '/comparison' },
  { text: 'Moving from aiodiskdb', link: '/migrating-from-aiodiskdb' },
  { text: 'Questions', link: '/faq' },
  { text: 'Try it here', link: '/live' },
]
const examples = [
  { text: 'All examples', link: '/examples/' },
  { text: 'An index in SQLite', link: '/examples/sqlite-index' },
  { text: 'An event log', link: '/examples/event-log' },
  { text: 'An upload service', link: '/examples/upload-service' },
  { text: 'Unit tests', link: '/examples/unit-tests' },
  { text: 'A backend of your own', link: '/examples/own-backend' },
  { text: 'A block archive', link: '/examples/block-archive' },
]
const reference = [
  { text: 'API', link: '/api/' },
  { text: 'Options, verbs, events', link: '/reference/core' },
  { text: 'Files on disk', link: '/reference/fs-backend' },
  { text: 'Memory', link: '/reference/memory-backend' },
  { text: 'A browser’s files', link: '/reference/opfs-backend' },
  { text: 'Object storage', link: '/reference/s3-backend' },
  { text: 'The command', link: '/reference/cli' },
  { text: 'The backend contract', link: '/reference/backend' },
  { text: 'Faults for tests', link: '/reference/faults' },
  { text: 'The format', link: '/reference/format' },
  { text: 'Runtimes', link: '/reference/runtimes' },
]
const evidence = [
  { text: 'Reliability', link: '/reference/reliability' },
  { text: 'Performance', link: '/reference/performance' },
  { text: 'The benchmarks', link: '/reference/bench' },
]
const source = [
  { text: 'Architecture', link: '/reference/architecture' },
  { text: 'Contributing', link: '/reference/contributing' },
  { text: 'Security', link: '/reference/security' },
]

export default defineConfig({
  title: 'Varve',
  description: 'An embeddable, append-only store of byte items for TypeScript',
  cleanUrls: false,
  srcExclude: ['**/README.md', 'node_modules/**'],
  head: [['link', { rel: 'icon', href: '/layers.svg', type: 'image/svg+xml' }]],
  themeConfig: {
    logo: '/layers.svg',
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/guide/first-store' },
      { text: 'API', link: '/api/' },
      { text: 'Examples', link: '/examples/' },
      { text: 'Try it', link: '/live' },
      { text: 'Questions', link: '/faq' },
    ],
    sidebar: [
      { text: 'Guide', items: pages(guide) },
      { text: 'Choosing', items: pages(choosing) },
      { text: 'Examples', collapsed: true, items: pages(examples) },
      { text: 'Reference', items: pages(reference) },
      { text: 'Evidence', items: pages(evidence) },
      { text: 'The source', items: pages(source) },
    ],
    footer: { message: 'MIT licensed' },
  },
  markdown: {
    config(md) {
      const fence = md.renderer.rules.fence
      md.renderer.rules.fence = (tokens, index, options, env, self) => {
        const token = tokens[index]
        if (token?.info.trim() === 'mermaid') return `<MermaidDiagram source="${encodeURIComponent(token.content)}" />`
        return fence?.(tokens, index, options, env, self) ?? ''
      }
    },
  },
  vite: {
    // The store that runs in the page is the one of this tree.
    resolve: {
      alias: [
        { find: '#platform', replacement: `${packages}core/src/platform/portable.ts` },
        { find: '@varve/backend/faults', replacement: `${packages}backend/src/faults/index.ts` },
        { find: /^@varve\/(backend|core)$/, replacement: `${packages}$1/src/index.ts` },
      ],
    },
    build: { chunkSizeWarningLimit: 2000 },
  },
})
