import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { describe, expect, it } from 'vitest'
import { ExitCode } from '../../src/exit-code.js'
import { run } from '../../src/program.js'
import { CapturedOutput } from '../captured-output.js'
import { jsonLines, testContext } from '../run-varve.js'
import { sampleStore } from '../sample-store.js'

/** Resolves when an output has so many lines. */
function outputOf(lines: number) {
  let done!: () => void
  const complete = new Promise<void>((resolve) => {
    done = resolve
  })
  const out = new CapturedOutput({ onChunk: () => out.text.split('\n').length > lines && done() })
  return { out, complete }
}

describe('varve follow', () => {
  it('prints what a writer adds, as it comes, and ends after so many', async () => {
    const { path } = await sampleStore(['before'])
    const { out, complete } = outputOf(2)
    const ended = run(['follow', path, '--from', '0', '--lines', '--limit', '3'], testContext({ out }))
    await using store = await Varve.open(fsBackend(path))
    await store.add(Buffer.from('one'), { durable: true })
    await complete
    expect(out.text).toBe('before\none\n')
    await store.add(Buffer.from('two'), { durable: true })
    expect(await ended).toBe(ExitCode.fine)
    expect(out.text).toBe('before\none\ntwo\n')
  })

  it('begins with what comes, and says with --json what and where it is', async () => {
    const { path } = await sampleStore(['before'])
    await using store = await Varve.open(fsBackend(path))
    const { out, complete } = outputOf(1)
    const interruption = new AbortController()
    const ended = run(['follow', path, '--json'], testContext({ out, signal: interruption.signal }))
    // It follows from when it has begun; what is added before that it does not show.
    let sent = 0
    let arrived = false
    const sending = (async () => {
      while (!arrived) await store.add(Buffer.from(`item ${sent++}`), { durable: true })
    })()
    await complete
    arrived = true
    await sending
    interruption.abort(new Error('interrupted'))
    await ended
    const items = jsonLines<{ sequence: number; data: string }>(out.text)
    expect(items[0]?.sequence).toBeGreaterThan(0)
    expect(Buffer.from(items[0]?.data as string, 'base64').toString()).toBe(`item ${(items[0]?.sequence as number) - 1}`)
  })

  it('prints lines as varve list does, and ends quietly when it is interrupted', async () => {
    const { path } = await sampleStore(['one', 'two'])
    const { out, complete } = outputOf(2)
    const err = new CapturedOutput()
    const interruption = new AbortController()
    const ended = run(['follow', path, '--from', '0'], testContext({ out, err, signal: interruption.signal }))
    await complete
    interruption.abort(new Error('interrupted by SIGINT'))
    await ended
    expect(out.text).toMatch(/^0:44:3 .+ 3\n0:99:3 .+ 3\n$/)
    expect(err.text).toBe('')
  })
})
