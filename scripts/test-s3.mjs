// `pnpm test:s3 [-- NAME...]`: starts a real object store (Ceph's S3 gateway with three replicas) and tests packages/s3-backend on it. NAMEs pick some of
// the parts: backend, engine, replicas, bench. Without: all but bench.
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const cluster = join(root, 'scripts/s3-cluster.sh')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')

const parts = {
  backend: { medium: 'memstore', args: [vitest, 'run', 'packages/s3-backend/test/cluster', '--exclude', '**/replicas.test.ts'] },
  engine: { medium: 'memstore', args: [vitest, 'run', '--config', 'packages/s3-backend/test/engine/vitest.config.ts'] },
  // A replica that comes back has to have what it had: only this medium keeps it.
  replicas: { medium: 'bluestore', args: [vitest, 'run', 'packages/s3-backend/test/cluster/replicas.test.ts'] },
  bench: { medium: 'bluestore', args: [join(root, 'packages/s3-backend/bench/bench.mjs')] },
}

function run(command, args, options = {}) {
  const { error, status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (error) throw error
  return status
}

function runPart({ medium, args }) {
  const directory = mkdtempSync(join(tmpdir(), 'varve-s3-'))
  try {
    const env = { ...process.env, VARVE_S3_MEDIUM: medium }
    const started = spawnSync('bash', [cluster, 'start', directory], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
    if (started.status !== 0) return started.status ?? 1
    const endpoint = started.stdout.trim().split('\n').at(-1)
    return run(process.execPath, args, { env: { ...env, VARVE_TEST_S3_ENDPOINT: endpoint, VARVE_TEST_S3_CLUSTER: directory } })
  } finally {
    run('bash', [cluster, 'stop', directory])
  }
}

const asked = process.argv.slice(2).filter((name) => name !== '--')
const unknown = asked.filter((name) => !(name in parts))
if (unknown.length > 0) {
  console.error(`test:s3 knows ${Object.keys(parts).join(', ')}, not ${unknown.join(', ')}`)
  process.exit(2)
}
const missing = run('bash', [cluster, 'install'])
if (missing !== 0) process.exit(missing ?? 1)
let failed = false
for (const name of asked.length > 0 ? asked : ['backend', 'engine', 'replicas']) {
  console.log(`\ntest:s3 ${name}, on ${parts[name].medium}`)
  const start = Date.now()
  const status = runPart(parts[name])
  console.log(
    `test:s3 ${name}: ${status === 0 ? 'ok' : 'FAILED'} in ${((Date.now() - start) / 1000).toFixed(0)} s, the start of the object store included`,
  )
  if (status !== 0) failed = true
}
process.exit(failed ? 1 : 0)
