import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ExitCode } from '../../src/exit-code.js'
import { run } from '../../src/program.js'
import { CapturedOutput } from '../captured-output.js'
import { inputOf, jsonLines, testContext, varve, varveWith } from '../run-varve.js'
import { sampleStore } from '../sample-store.js'
import { sampleTree, temporaryDirectory } from '../sample-tree.js'

async function newStore(): Promise<string> {
  return join(await temporaryDirectory(), 'blocks')
}

async function itemsOf(path: string): Promise<unknown[]> {
  const { out } = await varve('scan', path, '--json')
  return jsonLines<{ data: string }>(out).map(({ data }) => Buffer.from(data, 'base64').toString())
}

describe('varve add', () => {
  it('makes a store, adds each file to it as an item and prints where it is', async () => {
    const tree = await sampleTree({ a: 'first', b: 'second' })
    const path = await newStore()
    const { exitCode, out, err } = await varve('add', path, join(tree, 'a'), join(tree, 'b'))
    expect([exitCode, err]).toEqual([ExitCode.fine, ''])
    const lines = out.trimEnd().split('\n')
    expect(lines.map((line) => line.split('  ')[1])).toEqual([join(tree, 'a'), join(tree, 'b')])
    const { out: read } = await varve('read', path, ...lines.map((line) => line.split('  ')[0] as string))
    expect(read).toBe('firstsecond')
  })

  it('takes standard input for one item, also between files', async () => {
    const tree = await sampleTree({ a: 'first' })
    const path = await newStore()
    expect((await varveWith('from\nthe pipe', 'add', path)).out).toBe('0:44:13\n')
    await varveWith('and this', 'add', path, join(tree, 'a'), '-')
    expect(await itemsOf(path)).toEqual(['from\nthe pipe', 'first', 'and this'])
  })

  it('says on a terminal that it waits for what is typed', async () => {
    const err = new CapturedOutput({ isTTY: true })
    const typed = Object.assign(inputOf('typed'), { isTTY: true })
    expect(await run(['add', await newStore()], testContext({ in: typed, err }))).toBe(ExitCode.fine)
    expect(err.text).toMatch(/^reading standard input, to its end \(Ctrl-D\)\n/)
  })

  it('takes every line for an item, leaves out empty ones and says so', async () => {
    const path = await newStore()
    const { exitCode, out, err } = await varveWith('one\n\ntwo\nthree', 'add', path, '--lines', '--json')
    expect(exitCode).toBe(ExitCode.fine)
    expect(jsonLines(out)).toEqual([
      { location: expect.stringMatching(/^0:\d+:3$/), size: 3, source: '-', number: 1 },
      { location: expect.stringMatching(/^0:\d+:3$/), size: 3, source: '-', number: 3 },
      { location: expect.stringMatching(/^0:\d+:5$/), size: 5, source: '-', number: 4 },
    ])
    expect(err).toBe('1 empty item left out: an item has at least one byte\n')
    expect(await itemsOf(path)).toEqual(['one', 'two', 'three'])
  })

  it('splits at NUL bytes what find -print0 prints', async () => {
    const path = await newStore()
    await varveWith('one\nmore\0two\0', 'add', path, '--nul')
    expect(await itemsOf(path)).toEqual(['one\nmore', 'two'])
  })

  it('adds more than fits its window, in order', async () => {
    const path = await newStore()
    const lines = Array.from({ length: 10_000 }, (_, n) => `item ${n}`)
    const { out } = await varveWith(`${lines.join('\n')}\n`, 'add', path, '--lines')
    expect(out.trimEnd().split('\n')).toHaveLength(10_000)
    expect(await itemsOf(path)).toEqual(lines)
  })

  it('makes a store with the names, marks and file size that are asked for, which every command then finds by itself', async () => {
    const path = await newStore()
    const options = ['--prefix', 'blk', '--padding', '3', '--genesis', '0dce8f37', '--max-file-size', '1KiB']
    await varveWith('x'.repeat(700), 'add', path, ...options)
    await varveWith('y'.repeat(700), 'add', path, '--max-file-size', '1KiB')
    const { out } = await varve('inspect', path, '--json')
    expect(jsonLines(out)).toMatchObject([
      { file: 'blk000.dat', genesis: '0dce8f37' },
      { file: 'blk001.dat', genesis: '0dce8f37' },
    ])
  })
})

describe('varve add --transaction', () => {
  it('adds everything or, where something can not be, nothing', async () => {
    const tree = await sampleTree({ a: 'first', b: 'x'.repeat(2000) })
    const path = await newStore()
    const files = [join(tree, 'a'), join(tree, 'b')]
    const refused = await varve('add', path, ...files, '--transaction', '--max-transaction-size', '1KiB')
    expect(refused).toMatchObject({
      exitCode: ExitCode.failed,
      out: '',
      err: expect.stringMatching(/b is too much for one transaction; give --max/),
    })
    expect(await itemsOf(path)).toEqual([])
    const added = await varve('add', path, ...files, '--transaction', '--json')
    expect(jsonLines(added.out)).toMatchObject([{ source: files[0] }, { source: files[1] }])
    const { out } = await varve('inspect', path, '0', '--json')
    const blocks = jsonLines<{ kind: string; count: number }>(out).filter(({ kind, count }) => kind === 'block' && count > 0)
    expect(blocks).toMatchObject([{ count: 2 }])
  })

  it('says that there is nothing to add', async () => {
    const { exitCode, err } = await varveWith('\n\n', 'add', await newStore(), '--lines', '--transaction')
    expect([exitCode, err]).toEqual([ExitCode.failed, expect.stringContaining('there is nothing to add')])
  })
})

describe('varve add refuses', () => {
  it('a file that is missing, empty or a directory, before it adds any other', async () => {
    const tree = await sampleTree({ a: 'first' })
    const path = await newStore()
    for (const [name, exitCode, why] of [
      ['missing', ExitCode.notFound, 'there is no file'],
      ['empty', ExitCode.failed, 'is empty'],
      ['.', ExitCode.usage, 'is a directory'],
    ] as const) {
      const ran = await varve('add', path, join(tree, 'a'), join(tree, name))
      expect(ran).toMatchObject({ exitCode, out: '', err: expect.stringMatching(`^error: .*${why}.*; nothing was added\n$`) })
    }
    expect((await varve('list', path)).exitCode).toBe(ExitCode.notFound)
  })

  it('empty standard input, and an item that no data file can hold, after what came before it', async () => {
    const path = await newStore()
    expect(await varveWith('', 'add', path)).toMatchObject({
      exitCode: ExitCode.failed,
      err: expect.stringContaining('standard input is empty'),
    })
    const input = `fits\n${'x'.repeat(2000)}\nafter\n`
    const { exitCode, out, err } = await varveWith(input, 'add', path, '--lines', '--max-file-size', '1KiB')
    expect([exitCode, out.trimEnd().split('\n')]).toEqual([ExitCode.failed, [expect.stringMatching(/:4$/)]])
    expect(err).toMatch(/standard input, item 2 is larger than a data file; give --max-file-size/)
    expect(await itemsOf(path)).toEqual(['fits'])
  })

  it.each([
    [['--lines', '--nul'], "cannot be used with option '--nul'"],
    [['--max-file-size', 'large'], 'A size reads 4096, 16MiB or 2GB.'],
    [['--timeout', '30'], 'A time reads 250ms, 30s or 5m.'],
    [['--padding', 'x'], 'It is a whole number.'],
    [['--genesis', '0dc'], 'Bytes are given in hexadecimal'],
    [['--genesis', '0dce'], 'genesisBytes is a Uint8Array of 2 bytes; allowed'],
    [['--max-file-size', '10'], 'maxFileSize is 10; allowed'],
  ])('%j as misuse', async (options, why) => {
    const ran = await varveWith('x', 'add', await newStore(), ...options)
    expect(ran).toMatchObject({ exitCode: ExitCode.usage, out: '', err: expect.stringContaining(why) })
  })

  it('a store that was made with other names', async () => {
    const { path } = await sampleStore(['x'])
    expect(await varveWith('y', 'add', path, '--prefix', 'other')).toMatchObject({ exitCode: ExitCode.usage })
  })
})
