import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { contenders } from '../src/contenders.js'
import { type Job, perform } from '../src/job.js'
import { type RunOptions, runWorkloads } from '../src/runner.js'
import { renderTable } from '../src/table.js'
import { workloads } from '../src/workloads.js'

const names = contenders.map(({ name }) => name)

async function run(options: Partial<RunOptions>) {
  const directory = await mkdtemp(join(tmpdir(), 'varve-bench-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const defaults = {
    workloads,
    contenders: names,
    rounds: 1,
    scale: 1,
    runJob: perform,
    onProgress: () => {},
    signal: new AbortController().signal,
  }
  const results = await runWorkloads({ ...defaults, directory, ...options })
  return { results, left: await readdir(directory) }
}

describe('a run', () => {
  it('measures every contender at every workload', async () => {
    const { results } = await run({ scale: 0.0005 })
    expect(results.map(({ name }) => name)).toEqual(workloads.map(({ name }) => name))
    for (const { contenders } of results) {
      expect(contenders.map(({ name }) => name)).toEqual(names)
      for (const { itemsPerSecond } of contenders) expect(itemsPerSecond).toBeGreaterThan(0)
    }
    const table = renderTable(results)
    for (const { title } of workloads) expect(table).toContain(title)
  })

  it('turns the order of contenders from round to round, and lays each data set down once', async () => {
    const jobs: string[] = []
    const runJob = async ({ kind, contender }: Job) => {
      jobs.push(`${kind} ${contender}`)
      return { items: 1, bytes: 1, ms: 1 }
    }
    await run({ workloads: workloads.filter(({ name }) => name === 'scan-100b'), contenders: ['a', 'b'], rounds: 3, runJob })
    expect(jobs).toEqual(['fill a', 'measure a', 'fill b', 'measure b', 'measure b', 'measure a', 'measure a', 'measure b'])
  })

  it('takes medians, and ratios round by round', async () => {
    // The machine is ten times slower in the second round: both rates fall, their ratio does not.
    const ms = { a: [10, 100, 10], b: [20, 200, 30] }
    const runJob = async ({ contender }: Job) => ({ items: 1000, bytes: 100_000, ms: ms[contender as 'a' | 'b'].shift()! })
    const { results } = await run({ workloads: workloads.slice(0, 1), contenders: ['a', 'b'], rounds: 3, runJob })
    const [a, b] = results[0]!.contenders
    expect(a).toMatchObject({ itemsPerSecond: 100_000, bytesPerSecond: 10_000_000, range: [10_000, 100_000], ratio: 1 })
    expect(b).toMatchObject({ itemsPerSecond: expect.closeTo(33_333, 0), ratio: 2 })
  })

  it('leaves no files of a workload that failed', async () => {
    const runJob = () => Promise.reject(new Error('it broke'))
    const directory = await mkdtemp(join(tmpdir(), 'varve-bench-test-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    await expect(run({ workloads: workloads.slice(0, 1), directory, runJob })).rejects.toThrow('it broke')
    expect(await readdir(directory)).toEqual([])
  })
})
