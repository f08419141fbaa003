import { createHash } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { ExitCode } from '../../src/exit-code.js'
import { run } from '../../src/program.js'
import { jsonLines, testContext, varve } from '../run-varve.js'
import { flipBit, sampleStore } from '../sample-store.js'
import { temporaryDirectory } from '../sample-tree.js'

describe('varve export', () => {
  it('writes every item to a file, with a manifest', async () => {
    const { path } = await sampleStore(['x'.repeat(700), 'y'.repeat(700)], { maxFileSize: 1024 })
    const directory = join(await temporaryDirectory(), 'items')
    const { exitCode, out } = await varve('export', path, directory, '--json')
    expect(exitCode).toBe(ExitCode.fine)
    expect(JSON.parse(out)).toEqual({ directory, items: 2, bytes: 1400, manifest: join(directory, 'manifest.jsonl') })
    const manifest = jsonLines<{ file: string; sha256: string; timestamp: number }>(
      await readFile(join(directory, 'manifest.jsonl'), 'utf8'),
    )
    expect(manifest).toEqual([
      {
        location: '0:44:700',
        sequence: 0,
        timestamp: expect.any(Number),
        size: 700,
        file: '00000/000000000000.item',
        sha256: expect.any(String),
      },
      {
        location: '1:44:700',
        sequence: 1,
        timestamp: expect.any(Number),
        size: 700,
        file: '00001/000000000001.item',
        sha256: expect.any(String),
      },
    ])
    for (const { file, sha256, timestamp } of manifest) {
      const data = await readFile(join(directory, file))
      expect(createHash('sha256').update(data).digest('hex')).toBe(sha256)
      expect(Math.round((await stat(join(directory, file))).mtimeMs)).toBe(timestamp)
    }
  })

  it('takes a directory that is empty, and no other', async () => {
    const { path } = await sampleStore(['one'])
    const directory = await temporaryDirectory()
    expect((await varve('export', path, directory)).out).toBe(
      `1 item, 3 B in ${directory}, listed in ${join(directory, 'manifest.jsonl')}\n`,
    )
    expect(await varve('export', path, directory)).toMatchObject({ exitCode: ExitCode.usage, err: expect.stringContaining('is not empty') })
    const file = join(directory, 'file')
    await writeFile(file, '')
    expect(await varve('export', path, join(file, 'x'))).toMatchObject({ exitCode: ExitCode.failed })
  })

  it('leaves no manifest where it does not come to its end', async () => {
    const { path, locations } = await sampleStore(['one', 'two', 'three'])
    await flipBit(path, locations[1]?.position as number)
    const directory = await temporaryDirectory()
    expect(await varve('export', path, directory)).toMatchObject({ exitCode: ExitCode.damage })
    expect(await readdir(directory)).not.toContain('manifest.jsonl')
    const salvaged = join(directory, 'salvaged')
    const { exitCode, err } = await varve('export', path, salvaged, '--salvage')
    expect([exitCode, err]).toEqual([ExitCode.damage, expect.stringContaining('item 1 is lost')])
    expect(jsonLines(await readFile(join(salvaged, 'manifest.jsonl'), 'utf8')).map(({ sequence }) => sequence)).toEqual([0, 2])
  })
})

describe('varve bench', () => {
  it('measures, and leaves nothing behind', async () => {
    const directory = await temporaryDirectory()
    const { exitCode, out } = await varve(
      'bench',
      join(directory, 'blocks'),
      '--size',
      '64KiB',
      '--item',
      '1KiB',
      '--time',
      '10ms',
      '--json',
    )
    expect(exitCode).toBe(ExitCode.fine)
    const measured = {
      items: expect.any(Number),
      bytes: expect.any(Number),
      ms: expect.any(Number),
      itemsPerSecond: expect.any(Number),
      megabytesPerSecond: expect.any(Number),
    }
    expect(JSON.parse(out)).toEqual({
      directory,
      itemSize: 1024,
      measured: ['add, then one flush', 'durable add, one caller', 'durable add, 64 callers', 'read, in any order', 'scan'].map((name) => ({
        name,
        ...measured,
      })),
    })
    expect(await readdir(directory)).toEqual([])
    expect((await varve('bench', join(directory, 'blocks'), '--size', '4KiB', '--time', '1ms')).out).toMatch(/add, then one flush +│ +1 │/)
  })

  it('leaves nothing behind when it is interrupted either', async () => {
    const directory = await temporaryDirectory()
    const signal = AbortSignal.abort(new Error('interrupted'))
    expect(await run(['bench', join(directory, 'blocks')], testContext({ signal }))).toBe(ExitCode.failed)
    expect(await readdir(directory)).toEqual([])
  })
})

describe('varve completion', () => {
  /** What the shell's script would get for a line that ends in the last of these words. */
  async function completed(...words: string[]): Promise<string[]> {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    try {
      await run(['complete', '--', ...words], testContext())
      return log.mock.calls.map(([line]) => String(line))
    } finally {
      log.mockRestore()
    }
  }

  it.each(['bash', 'zsh', 'fish'])('prints the script for %s', async (shell) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    await run(['completion', shell], testContext())
    const script = String(log.mock.calls[0]?.[0])
    log.mockRestore()
    expect(script).toContain('varve complete --')
  })

  it('completes commands, options and what they take', async () => {
    expect(await completed('ver')).toEqual(['verify\tread every byte and name all damage', ':4'])
    expect(await completed('add', 'blocks', '--li')).toEqual(['--lines\tevery line is an item; empty ones are left out', ':4'])
    expect(await completed('scan', 'blocks', '--format', 'j')).toEqual(['jsonl\t', ':4'])
  })

  it('leaves paths to the shell', async () => {
    expect(await completed('add', '')).toEqual([':0'])
    expect(await completed('read', 'blocks', '--out', '')).toEqual([':0'])
  })
})
