import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Contender } from '../src/contender.js'
import { hypercore } from '../src/contenders/peers/hypercore.js'
import { storeAndLimits } from '../src/contenders.js'
import type { Entrant } from '../src/entrant.js'
import type { Job } from '../src/job.js'
import { renderRun } from '../src/render-run.js'
import { type RunOptions, runWorkloads } from '../src/runner.js'
import { type Measurement, reasonAgainst } from '../src/workload.js'
import { workloads } from '../src/workloads.js'
import { performHere } from './in-process.js'

const [store] = storeAndLimits as [Contender]
const a: Entrant = { name: 'a', contender: { ...store, name: 'a' } }
const b: Entrant = { name: 'b', contender: { ...store, name: 'b', role: 'peer' } }
const c: Entrant = { name: 'c', contender: { ...store, name: 'c', role: 'peer' } }
const nothing: Measurement = { items: 1, bytes: 1, ms: 1, cpuMs: 1, loopDelayP99Ms: 0, peakBytes: 1, idleBytes: 1 }
const named = (name: string) => workloads.filter((workload) => workload.name === name)

async function run(options: Partial<RunOptions>) {
  const directory = await mkdtemp(join(tmpdir(), 'varve-bench-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const results = await runWorkloads({
    workloads,
    entrants: storeAndLimits.map((contender) => ({ name: contender.name, contender })),
    directory,
    rounds: 1,
    scale: 1,
    runJob: performHere,
    onProgress: () => {},
    signal: new AbortController().signal,
    ...options,
  })
  return { results, left: await readdir(directory) }
}

describe('a run', () => {
  it('measures the store and the limits at every workload, and leaves nothing behind', async () => {
    const { results, left } = await run({ scale: 0.0005 })
    expect(results.map(({ name }) => name)).toEqual(workloads.map(({ name }) => name))
    for (const { name, contenders, leftOut, failed } of results) {
      expect(failed, name).toEqual([])
      expect(contenders[0]?.name).toBe('varve')
      expect([...contenders, ...leftOut].map((one) => one.name).sort()).toEqual(storeAndLimits.map((one) => one.name).sort())
      for (const { value } of contenders) expect(value, name).toBeGreaterThan(0)
    }
    expect(left).toEqual([])
    const text = renderRun({
      format: 1,
      date: '',
      machine: { node: 'v20', cpu: 'a', cores: 2, memoryBytes: 1, system: 'b' },
      settings: { rounds: 1, scale: 1 },
      seconds: 1,
      versions: {},
      leftOut: [{ name: 'absent', reason: 'it is not there' }],
      results,
    })
    for (const { title } of workloads) expect(text).toContain(title)
    expect(text).toContain('left out: absent: it is not there')
  })

  it.each(['ingest', 'durable', 'mixed', 'read', 'scan'])(
    'does something at %s workloads, however late it is before they begin',
    async (kind) => {
      const timed = workloads.filter(({ name }) => name.startsWith(kind))
      const { results } = await run({ workloads: timed, scale: 0 })
      for (const { name, contenders, failed } of results) {
        expect(failed, name).toEqual([])
        for (const { value } of contenders) expect(value, name).toBeGreaterThan(0)
      }
    },
  )

  it('turns the order of contenders from round to round, and lays each data set down once', async () => {
    const jobs: string[] = []
    const runJob = async ({ kind, contender }: Job) => {
      jobs.push(`${kind} ${contender}`)
      return nothing
    }
    await run({ workloads: named('scan-100b'), entrants: [a, b], rounds: 3, runJob })
    expect(jobs).toEqual(['fill a', 'measure a', 'fill b', 'measure b', 'measure b', 'measure a', 'measure a', 'measure b'])
  })

  it('takes medians, and ratios round by round', async () => {
    // The machine is ten times slower in the second round: both rates fall, their ratio does not.
    const ms = { a: [10, 100, 10], b: [20, 200, 30] }
    const runJob = async ({ contender }: Job) => ({
      ...nothing,
      items: 1000,
      bytes: 100_000,
      ms: ms[contender as 'a' | 'b'].shift()!,
      latency: { p50: 1, p99: 2, max: 3 },
    })
    const { results } = await run({ workloads: named('durable-1'), entrants: [a, b], rounds: 3, runJob })
    const [first, second] = results[0]!.contenders
    expect(first).toMatchObject({ value: 100_000, bytesPerSecond: 10_000_000, range: [10_000, 100_000], ratio: 1 })
    expect(first?.latency).toEqual({ p50: 1, p99: 2, max: 3 })
    expect(second).toMatchObject({ value: expect.closeTo(33_333, 0), ratio: 2 })
    expect(results[0]?.bestPeer).toEqual({ name: 'b', ratio: 2 })
  })

  it('says of times, too, how many times as good the first one is', async () => {
    const ms = { a: 10, b: 30, c: 20 }
    const runJob = async ({ contender }: Job) => ({ ...nothing, ms: ms[contender as 'a'] })
    const { results } = await run({ workloads: named('open-1m'), entrants: [a, b, c], runJob })
    expect(results[0]?.contenders.map(({ ratio }) => ratio)).toEqual([1, 3, 2])
    expect(results[0]?.bestPeer).toEqual({ name: 'c', ratio: 2 })
  })

  it('shows what is not durable where durability is what counts, and compares with something else', async () => {
    const fast: Entrant = { name: 'hypercore', contender: hypercore }
    const runJob = async ({ contender }: Job) => ({ ...nothing, ms: contender === 'hypercore' ? 1 : 10 })
    const { results } = await run({ workloads: named('durable-1'), entrants: [a, fast, b], runJob })
    expect(results[0]?.contenders.map(({ notCompared }) => notCompared)).toEqual([
      undefined,
      expect.stringContaining('not durable'),
      undefined,
    ])
    expect(results[0]?.bestPeer?.name).toBe('b')
  })

  it('names a contender that fails, and goes on with the others', async () => {
    const runJob = ({ contender }: Job) => (contender === 'b' ? Promise.reject(new Error('it broke')) : Promise.resolve(nothing))
    const { results, left } = await run({ workloads: named('durable-1'), entrants: [a, b, c], rounds: 2, runJob })
    expect(results[0]?.failed).toEqual([{ name: 'b', reason: 'it broke' }])
    expect(results[0]?.contenders.map(({ name, rounds }) => [name, rounds.length])).toEqual([
      ['a', 2],
      ['c', 2],
    ])
    expect(left).toEqual([])
  })

  it('ends when it is told to, and leaves no files', async () => {
    const controller = new AbortController()
    const onProgress = () => controller.abort(new Error('enough'))
    await expect(run({ entrants: [a, b], onProgress, signal: controller.signal, runJob: async () => nothing })).rejects.toThrow('enough')
  })
})

it('has a reason wherever a contender is left out', () => {
  const large = workloads.find(({ name }) => name === 'ingest-4m-many')!
  expect(reasonAgainst({ ...store, largestItem: 1000 }, large)).toBe('it takes items of at most 1000 bytes')
  expect(reasonAgainst({ ...store, cannot: { addMany: 'it has no such thing' } }, large)).toBe('it has no such thing')
  expect(reasonAgainst(store, large)).toBeUndefined()
})
