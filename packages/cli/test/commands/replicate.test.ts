import { join } from 'node:path'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { describe, expect, it } from 'vitest'
import { ExitCode } from '../../src/exit-code.js'
import { run } from '../../src/program.js'
import { CapturedOutput } from '../captured-output.js'
import { jsonLines, testContext, varve } from '../run-varve.js'
import { sampleStore } from '../sample-store.js'
import { temporaryDirectory } from '../sample-tree.js'

/** Resolves when an output holds what is looked for. */
function outputWith(pattern: RegExp) {
  let done!: () => void
  const complete = new Promise<void>((resolve) => {
    done = resolve
  })
  const output = new CapturedOutput({ onChunk: () => pattern.test(output.text) && done() })
  return { output, complete }
}

describe('varve replicate', () => {
  it('keeps a copy up to date beside the writer, and says what it did when it is interrupted', async () => {
    const { path } = await sampleStore(['one', 'two'])
    const copy = join(await temporaryDirectory(), 'copy')
    const { output: err, complete } = outputWith(/is kept up to date/)
    const out = new CapturedOutput()
    const interruption = new AbortController()
    const ended = run(['replicate', path, copy, '--interval', '1ms'], testContext({ out, err, signal: interruption.signal }))
    await complete
    const store = await Varve.open(fsBackend(path))
    for (const item of ['three', 'four']) await store.add(Buffer.from(item), { durable: true })
    await store.stop()
    // It is seen from outside as soon as it is there.
    while ((await varve('scan', copy, '--lines')).out !== 'one\ntwo\nthree\nfour\n');
    interruption.abort(new Error('interrupted'))
    expect(await ended).toBe(ExitCode.fine)
    expect(out.text).toMatch(/written; .*copy has all items before [234]\n$/)
    expect((await varve('verify', copy)).exitCode).toBe(ExitCode.fine)
  })

  it('ends with --once when the copy has all that is proven, and tells each step with --json', async () => {
    const { path } = await sampleStore(['one', 'two'])
    const copy = join(await temporaryDirectory(), 'copy')
    const { out, exitCode } = await varve('replicate', path, copy, '--once', '--json')
    expect(exitCode).toBe(ExitCode.fine)
    const lines = jsonLines<{ state: string; sequence: number; copiedBytes: number }>(out)
    expect(lines.map(({ state }) => state)).toEqual(['copying', 'following', 'ended'])
    expect(lines.at(-1)).toMatchObject({ sequence: 2, durableSequence: 2, lag: 0, copiedBytes: expect.any(Number) })
    expect((await varve('replicate', path, copy, '--once')).out).toMatch(/^0 B written; /)
  })

  it('says what is wrong where it can not begin', async () => {
    const { path } = await sampleStore(['one'])
    const { path: other } = await sampleStore(['two'])
    expect((await varve('replicate', path, other)).exitCode).toBe(ExitCode.usage)
    expect((await varve('replicate', join(path, 'none'), other)).exitCode).toBe(ExitCode.notFound)
    const copy = join(await temporaryDirectory(), 'copy')
    await varve('replicate', path, copy, '--once')
    await using _holder = await Varve.open(fsBackend(copy))
    expect((await varve('replicate', path, copy)).exitCode).toBe(ExitCode.locked)
  })
})

describe('a store that is named by a URL', () => {
  it('is the one in that directory', async () => {
    const { path } = await sampleStore(['one'])
    expect((await varve('scan', `file://${path}`, '--lines')).out).toBe('one\n')
    expect((await varve('inspect', `file://${path}`)).exitCode).toBe(ExitCode.fine)
    expect(JSON.parse((await varve('stats', `file://${path}`, '--json')).out)).toMatchObject({ isClean: true, lock: null })
  })

  it('is empty in memory, and may be copied to', async () => {
    const { path } = await sampleStore(['one'])
    expect(await varve('list', 'memory:')).toMatchObject({ exitCode: ExitCode.notFound })
    expect((await varve('copy', path, 'memory:')).out).toMatch(/^\d+ B written; memory: has 1 file/)
    expect((await varve('replicate', path, 'memory:', '--once')).out).toMatch(/memory: has all items before 1/)
  })

  it.each(['http://example.com/blocks', 's3:bucket', 'memory:x'])('%s is none, and called wrongly', async (name) => {
    expect(await varve('list', name)).toMatchObject({ exitCode: ExitCode.usage, err: expect.stringMatching(/is no name of a store/) })
  })

  it('is refused by what measures a disk', async () => {
    expect(await varve('bench', 'memory:')).toMatchObject({
      exitCode: ExitCode.usage,
      err: expect.stringMatching(/varve bench needs a directory of this machine/),
    })
  })
})
