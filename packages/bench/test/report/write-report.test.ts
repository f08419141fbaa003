import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { parseRun } from '../../src/command/report.js'
import { writeReport } from '../../src/report/write-report.js'
import type { ContenderResult, Run } from '../../src/result.js'

const contender = (name: string, ratio: number, more: Partial<ContenderResult> = {}): ContenderResult => ({
  name,
  role: name === 'varve' ? 'store' : 'peer',
  value: 1000 / ratio,
  range: [900 / ratio, 1100 / ratio],
  ratio,
  itemsPerSecond: 1000 / ratio,
  bytesPerSecond: 1_000_000 / ratio,
  cpuSeconds: 1,
  loopDelayP99Ms: 2,
  peakBytes: 1e8,
  idleBytes: 5e7,
  rounds: [],
  ...more,
})

const run: Run = {
  format: 1,
  date: '2026-01-02T03:04:05.000Z',
  machine: { node: 'v20.19.0', cpu: 'a <fast> one', cores: 2, memoryBytes: 2 ** 33, system: 'linux' },
  settings: { rounds: 5, scale: 1 },
  seconds: 10,
  versions: { varve: 'this workspace', lmdb: '3.5.6' },
  leftOut: [{ name: 'node:sqlite', reason: 'this Node has none' }],
  results: [
    {
      name: 'durable-1',
      title: '1 durable writer',
      group: 'durable writes',
      figure: 'items/s',
      contenders: [contender('varve', 1), contender('lmdb', 1.25), contender('quick', 0.1, { notCompared: 'not durable: it never syncs' })],
      leftOut: [],
      failed: [{ name: 'broken', reason: 'it hung </script><script>' }],
    },
    { name: 'open-1g', title: 'open 1 GiB', group: 'open', figure: 'ms', contenders: [contender('varve', 1)], leftOut: [], failed: [] },
  ],
}

async function written(): Promise<{ names: string[]; read: (name: string) => Promise<string> }> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-bench-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await writeReport(run, directory)
  return { names: (await readdir(directory)).sort(), read: (name) => readFile(join(directory, name), 'utf8') }
}

it('writes a page, and each chart as an image for light and for dark', async () => {
  const { names, read } = await written()
  expect(names).toEqual(['durable-writes-dark.svg', 'durable-writes-light.svg', 'open-dark.svg', 'open-light.svg', 'report.html'])
  const svg = await read('durable-writes-light.svg')
  expect(svg).toMatch(/^<svg /)
  for (const text of ['1 durable writer', 'varve', 'lmdb', '800 items/s']) expect(svg).toContain(text)
  expect(svg).not.toContain('10,000 items/s')
  expect(svg).not.toBe(await read('durable-writes-dark.svg'))
})

it('tells on the page when, where and with what it was measured, and who is not in it', async () => {
  const { read } = await written()
  const page = await read('report.html')
  for (const text of [
    '2026-01-02T03:04:05.000Z',
    'a &lt;fast&gt; one',
    'lmdb (3.5.6)',
    'node:sqlite: this Node has none',
    'FAILED: broken',
  ]) {
    expect(page).toContain(text)
  }
})

it('makes a page that fetches and runs nothing, and that no text of a run can break out of', async () => {
  const { read } = await written()
  const page = await read('report.html')
  expect(page.replaceAll('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/<script|<link|<img|https?:/)
  for (const kind of ['light', 'dark']) expect(page.split(`<div class="${kind}"><svg `), kind).toHaveLength(3)
})

it('refuses a file that no run wrote', () => {
  expect(parseRun(JSON.stringify(run), 'a.json')).toEqual(run)
  expect(() => parseRun('{}', 'a.json')).toThrow('a.json is not what a run of the benchmark writes')
  expect(() => parseRun('x', 'a.json')).toThrow('a.json is no JSON')
})
