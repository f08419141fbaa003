import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Contender } from '../contender.js'
import { peersFolder } from '../places.js'
import { type Measurement, scaled } from '../workload.js'
import { INGEST_MS, ingestCounts } from '../workloads/ingest.js'
import { MIXED_MS, mixedSizes } from '../workloads/mixed.js'

const run = promisify(execFile)
const ELSEWHERE = 'only what its own benchmark does is measured: adds, and reads meanwhile'

/** The environment variable that names a Python which has aiodiskdb. */
export const PYTHON = 'VARVE_BENCH_PYTHON'

/** The Python library whose idea this store took up. It is measured by a program of its own, in its own language. */
export const aiodiskdb: Contender = {
  name: 'aiodiskdb',
  role: 'peer',
  notDurable: { what: 'everything', why: 'it never syncs' },
  cannot: {
    addMany: 'it takes one item a call',
    addDurable: 'it never syncs',
    commit: 'it never syncs',
    reopen: ELSEWHERE,
    readSync: 'it has no synchronous read',
    read: ELSEWHERE,
    scan: 'it has no scan',
    follow: 'it tells nobody of what is added',
    followBeside: 'it tells nobody of what is added',
  },

  async probe() {
    const { stdout } = await run(python(), [
      '-c',
      'import aiodiskdb, platform\nfrom importlib import metadata\ntry: v = metadata.version("aiodiskdb")\nexcept metadata.PackageNotFoundError: v = "of unknown version"\nprint(v, "on Python", platform.python_version())',
    ]).catch((cause: unknown) => {
      throw new Error(`${python()} can't import aiodiskdb`, { cause })
    })
    return stdout.trim()
  },

  async measure({ name, itemBytes }, { directory, scale }) {
    const sizes = mixedSizes.find((one) => name === `mixed-${one.name}`)
    const task = sizes
      ? { kind: 'mixed', directory, least: sizes.least, most: sizes.most, ms: MIXED_MS * scale }
      : {
          kind: 'ingest',
          directory,
          least: itemBytes,
          most: itemBytes,
          count: scaled(ingestCounts[itemBytes]!, scale),
          ms: INGEST_MS * scale,
        }
    const { stdout } = await run(python(), [join(peersFolder, 'aiodiskdb_bench.py'), JSON.stringify(task)])
    return JSON.parse(stdout) as Measurement
  },

  create: notHere,
  fill: notHere,
  open: notHere,
}

function python(): string {
  const path = process.env[PYTHON]
  if (!path) throw new Error('no Python was given: --python PATH names one that has it')
  return path
}

function notHere(): never {
  throw new Error('aiodiskdb measures itself')
}
