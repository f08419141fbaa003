import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { childRunner } from '../src/child-runner.js'
import type { Job } from '../src/job.js'

const job: Job = { kind: 'measure', workload: 'durable-1', contender: 'varve', directory: '.', scale: 1 }

/** A child that does that with its job. */
async function program(code: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-bench-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const file = join(directory, 'child.mjs')
  await writeFile(file, `process.once('message', (job) => { ${code} })`)
  return file
}

it('gives what the child measured', async () => {
  const { run } = childRunner({ program: await program('process.send({ measurement: job.scale + 1 }, () => process.exit(0))') })
  expect(await run(job)).toBe(2)
})

it('names a contender that crashes, with the signal', async () => {
  const { run } = childRunner({ program: await program("process.kill(process.pid, 'SIGKILL')") })
  await expect(run(job)).rejects.toThrow('varve failed at durable-1: it ended with SIGKILL')
})

it('names a contender that ends without a word', async () => {
  const { run } = childRunner({ program: await program('process.exit(7)') })
  await expect(run(job)).rejects.toThrow('varve failed at durable-1: it ended with 7')
})

it('names a contender that throws, with its error', async () => {
  const { run } = childRunner({ program: await program("process.send({ error: 'it broke' }, () => process.exit(1))") })
  await expect(run(job)).rejects.toThrow('varve failed at durable-1: it broke')
})

it('names a contender that hangs, and ends it', async () => {
  const { run } = childRunner({ program: await program('setInterval(() => {}, 1000)'), timeoutMs: 500 })
  await expect(run(job)).rejects.toThrow('varve failed at durable-1: it hung, and was killed after 0.5 s')
})

it('takes a store for laid down whose process was to be killed in the middle of it', async () => {
  const { run } = childRunner({ program: await program("process.kill(process.pid, 'SIGKILL')") })
  expect(await run({ ...job, kind: 'fill', workload: 'open-killed-1m' })).toBeUndefined()
})
