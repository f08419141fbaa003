import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { jsonLines, varve, varveWith } from '../run-varve.js'
import { temporaryDirectory } from '../sample-tree.js'
import { bin, type Running, start, startVarve } from './spawn-varve.js'

/** Writes numbered lines to a command for as long as it reads them. */
async function feed({ child, ended }: Running): Promise<void> {
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  for (let n = 0; !isOver; n++) {
    if (!child.stdin?.write(`line ${n}\n`))
      await Promise.race([once(child.stdin as NonNullable<typeof child.stdin>, 'drain').catch(() => {}), ended])
  }
}

async function newStore(): Promise<string> {
  return join(await temporaryDirectory(), 'blocks')
}

/** The items at the locations that were printed. */
async function itemsAt(path: string, out: string): Promise<string[]> {
  const whole = out.slice(0, out.lastIndexOf('\n') + 1)
  const { exitCode, out: read } = await varveWith(whole, 'read', path, '--json')
  expect(exitCode).toBe(0)
  return jsonLines<{ data: string }>(read).map(({ data }) => Buffer.from(data, 'base64').toString())
}

describe('varve add', () => {
  it('has everything in the store that it had printed when it was killed', async () => {
    const path = await newStore()
    const running = startVarve('add', path, '--lines')
    const fed = feed(running)
    await running.lines(2000)
    running.child.kill('SIGKILL')
    const { signal, out } = await running.ended
    await fed
    expect(signal).toBe('SIGKILL')
    const items = await itemsAt(path, out)
    expect(items.length).toBeGreaterThanOrEqual(2000)
    expect(items).toEqual(items.map((_, n) => `line ${n}`))
    expect((await varve('verify', path)).exitCode).toBe(0)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('stores what it has read, stops the store on %s and then ends by it', async (name) => {
    const path = await newStore()
    const running = startVarve('add', path, '--lines')
    running.child.stdin?.write('one\ntwo\nnot whole')
    await running.lines(2)
    running.child.kill(name)
    const { signal, out, err } = await running.ended
    expect([signal, err]).toEqual([name, `interrupted by ${name}\n`])
    expect(await itemsAt(path, out)).toEqual(['one', 'two'])
    expect(JSON.parse((await varve('stats', path, '--json')).out)).toMatchObject({ isClean: true, lock: null, items: { count: 2 } })
  })

  it('goes on adding where nobody reads what it prints', async () => {
    const path = await newStore()
    const running = startVarve('add', path, '--lines')
    running.child.stdin?.write('one\n')
    await running.lines(1)
    running.child.stdout?.destroy()
    running.child.stdin?.end('two\nthree\n')
    expect(await running.ended).toMatchObject({ code: 0, err: '' })
    expect((await varve('scan', path, '--lines')).out).toBe('one\ntwo\nthree\n')
  })

  it('says that the disk is full, and has stored what it had printed', async () => {
    const path = await newStore()
    // No file may be larger than so many blocks of 512 or 1024 bytes: as on a full disk a write is refused.
    const running = start('/bin/sh', ['-c', 'ulimit -f 200; exec "$0" "$@"', process.execPath, bin, 'add', path, '--lines'])
    const item = 'x'.repeat(30_000)
    for (let n = 0; n < 12; n++) running.child.stdin?.write(`${item}\n`)
    running.child.stdin?.end()
    const { code, out, err } = await running.ended
    expect(code).toBe(1)
    expect(err).toMatch(/^error: standard input, item \d+ can't be stored: .+EFBIG.+; .+\n$/)
    const stored = (await itemsAt(path, out)).length
    expect(stored).toBeLessThan(12)
    expect(await varveWith('more\n', 'add', path, '--lines')).toMatchObject({ exitCode: 0 })
    expect((await varve('verify', path)).exitCode).toBe(0)
  })
})

describe('varve follow', () => {
  it('shows what another process adds, until it is interrupted', async () => {
    const path = await newStore()
    await varveWith('before', 'add', path)
    const follower = startVarve('follow', path, '--from', '0', '--lines')
    await follower.lines(1)
    const writer = startVarve('add', path, '--lines')
    writer.child.stdin?.write('one\n')
    await follower.lines(2)
    writer.child.stdin?.end('two\n')
    await follower.lines(3)
    await writer.ended
    follower.child.kill('SIGINT')
    expect(await follower.ended).toEqual({ code: null, signal: 'SIGINT', out: 'before\none\ntwo\n', err: '' })
  })
})

describe('varve scan', () => {
  it('says nothing where the reader has seen enough', async () => {
    const path = await newStore()
    await varveWith('a line that is repeated\n'.repeat(20_000), 'add', path, '--lines')
    const running = startVarve('scan', path, '--lines')
    await running.lines(1)
    running.child.stdout?.destroy()
    expect(await running.ended).toMatchObject({ code: 0, signal: null, err: '' })
  })
})
