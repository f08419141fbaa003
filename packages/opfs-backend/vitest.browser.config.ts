// The engine's own tests, in Chromium, on the portable platform and with its files in memory.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { launchOptions } from './test/chromium.js'

const packages = fileURLToPath(new URL('../', import.meta.url))
const engine = fileURLToPath(new URL('./test/engine/', import.meta.url))
const [folder, extension] = process.env.TEST_DIST ? ['dist', 'js'] : ['src', 'ts']

const alias = [
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
  resolve: { alias: [{ find: '@varve/memory-backend', replacement: `${engine}memory-backend.ts` }, ...alias] },
  optimizeDeps: { include: ['buffer'] },
  test: {
    name: 'in memory',
    dir: `${packages}core/test`,
    include: engineTests(),
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
