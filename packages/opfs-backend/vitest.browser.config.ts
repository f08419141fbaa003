// The engine's own tests, in Chromium, on the portable platform: with its files in memory, or, with ENGINE_ON=opfs, in the origin-private file system.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { launchOptions } from './test/chromium.js'

const packages = fileURLToPath(new URL('../', import.meta.url))
const engine = fileURLToPath(new URL('./test/engine/', import.meta.url))
const [folder, extension] = process.env.TEST_DIST ? ['dist', 'js'] : ['src', 'ts']

const isOnOpfs = process.env.ENGINE_ON === 'opfs'

const backend = isOnOpfs
  ? [
      { find: '@varve/memory-backend', replacement: `${engine}memory-on-opfs.ts` },
      { find: /^\.\.?\/(support\/)?event-loop\.js$/, replacement: `${engine}event-loop.ts` },
    ]
  : [{ find: '@varve/memory-backend', replacement: `${engine}memory-backend.ts` }]

const alias = [
  ...backend,
  { find: '#platform', replacement: `${packages}core/${folder}/platform/portable.${extension}` },
  { find: 'node:crypto', replacement: `${engine}node-crypto.ts` },
  { find: /^@varve\/([a-z-]+)$/, replacement: `${packages}$1/${folder}/index.${extension}` },
  { find: /^@varve\/([a-z-]+)\/(.+)$/, replacement: `${packages}$1/${folder}/$2/index.${extension}` },
]

// What is about Node: its processes, timers, globals and real files, memfs, and copies of a class in another realm of it.
const aboutNode = [
  'clock',
  'errors',
  'format/published',
  'golden/golden',
  'opening',
  'places',
  'platform/natural-exit',
  'platform/next-turn',
  'small-memory-store',
]
// Every crash and every fault, one after the other: that takes long, and is the same on every platform.
const exhaustive = ['repair-interrupted', 'replicate-crashes', 'trim-faults']

// Behaviour that is the backend's as much as the engine's; what is about the engine alone is the same wherever its files are.
const onOpfs = [
  'add-many',
  'copy-to',
  'cursor',
  'drop-index',
  'durable-adds',
  'ltrim',
  'read-many',
  'recovery-groups',
  'replicate',
  'retention',
  'rotation',
  'rtrim',
  'scan-buffered',
  'scan-reverse',
  'settling',
  'transaction',
  'transaction-across-files',
  'when-durable',
]
// What looks below the backend, which has no files that a test could change at once; what only memory's lock says; and what takes thousands of calls.
const notOnOpfs = [
  'damage',
  'CORRUPT',
  'every single bit',
  'the file of a cursor',
  'not to be incremental',
  'what read comes to',
  'whose lock is lost',
  'power cut',
  'error of any call',
  'no file ever passes maxFileSize',
  'every item it took is stored',
].join('|')

/** The engine's tests that take nothing from Node but what `node-globals.ts` has in its place. */
function engineTests(): string[] {
  const folder = `${packages}core/test/`
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => {
    if (!path.endsWith('.test.ts') || [...aboutNode, ...exhaustive].some((name) => path === `${name}.test.ts`)) return false
    return !/from '(node:(?!crypto)|fast-check)/.test(readFileSync(folder + path, 'utf8'))
  })
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  server: { fs: { allow: [fileURLToPath(new URL('../../', import.meta.url))] } },
  cacheDir: fileURLToPath(new URL('./node_modules/.vite-engine', import.meta.url)),
  resolve: { alias },
  optimizeDeps: { include: ['buffer'] },
  test: {
    name: isOnOpfs ? 'on OPFS' : 'in memory',
    dir: `${packages}core/test`,
    include: isOnOpfs ? onOpfs.map((name) => `${name}.test.ts`) : engineTests(),
    ...(isOnOpfs && { testNamePattern: new RegExp(`^(?!.*(${notOnOpfs}))`) }),
    setupFiles: [`${engine}node-globals.ts`],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions }),
      instances: [{ browser: 'chromium' }],
    },
  },
})
