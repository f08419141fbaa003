// What @varve/core weighs in a browser's bundle: the built package, bundled and minified by esbuild, then compressed by gzip. Fails where a budget is exceeded.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const core = fileURLToPath(new URL('../packages/core', import.meta.url))
const chunks = readdirSync(join(core, 'dist'))

/** The entry, and the parts of it that are loaded by the time a program does this. In thousands of bytes. */
const budgets = [
  { when: "import { Varve } from '@varve/core'", parts: [], budget: 15 },
  { when: 'a store is started with readOnly', parts: ['reading'], budget: 24 },
  { when: 'a store is started for writing', parts: ['writing'], budget: 34 },
  { when: 'everything was used', parts: 'all', budget: 60 },
]

const lazily = {
  name: 'leave what is loaded later',
  setup: ({ onResolve }) =>
    onResolve({ filter: /.*/ }, ({ kind, path }) => (kind === 'dynamic-import' ? { path, external: true } : undefined)),
}

async function measure(parts) {
  const entry = [
    "export { Varve } from '@varve/core'",
    ...(parts === 'all' ? [] : parts.map((part) => `export * from './dist/${chunkOf(part)}'`)),
  ]
  const { outputFiles } = await build({
    stdin: { contents: entry.join('\n'), resolveDir: core },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'error',
    outfile: 'core.js',
    write: false,
    plugins: parts === 'all' ? [] : [lazily],
  })
  const code = outputFiles[0].contents
  return { bytes: code.length, gzip: gzipSync(code, { level: 9 }).length }
}

function chunkOf(part) {
  const found = chunks.filter((name) => name.startsWith(`${part}-`) && name.endsWith('.js'))
  if (found.length !== 1) throw new Error(`dist has ${found.length} files for the part '${part}'`)
  return found[0]
}

let failed = false
for (const { when, parts, budget } of budgets) {
  const { bytes, gzip } = await measure(parts)
  const isWithin = gzip <= budget * 1000
  failed ||= !isWithin
  const figures = `${(gzip / 1000).toFixed(1).padStart(5)} kB gzip of ${budget}, ${(bytes / 1000).toFixed(1).padStart(5)} kB minified`
  console.log(`${isWithin ? 'ok     ' : 'TOO BIG'} ${figures}: ${when}`)
}
process.exit(failed ? 1 : 0)
