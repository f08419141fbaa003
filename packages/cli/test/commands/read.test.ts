import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ExitCode } from '../../src/exit-code.js'
import { jsonLines, varve, varveWith } from '../run-varve.js'
import { flipBit, sampleStore } from '../sample-store.js'
import { temporaryDirectory } from '../sample-tree.js'

describe('varve read', () => {
  it('takes its locations from standard input, as add and list print them', async () => {
    const { path } = await sampleStore(['one', 'two', 'three'])
    for (const args of [
      ['list', path],
      ['list', path, '--json'],
    ]) {
      const { out } = await varve(...args)
      expect((await varveWith(out, 'read', path)).out).toBe('onetwothree')
    }
  })

  it('prints a part of an item', async () => {
    const { path, locations } = await sampleStore(['0123456789'])
    const location = `0:${locations[0]?.position}:10`
    for (const [range, part] of [
      ['2-5', '234'],
      ['7-', '789'],
      ['-3', '012'],
      ['8-100', '89'],
      ['10-', ''],
    ]) {
      expect(await varve('read', path, location, '--range', range as string)).toMatchObject({ exitCode: ExitCode.fine, out: part })
    }
    expect(await varve('read', path, location, '--range', '11-')).toMatchObject({ exitCode: ExitCode.notFound })
    expect(await varve('read', path, location, '--range', '5-2')).toMatchObject({ exitCode: ExitCode.usage })
  })

  it('writes each item to a file named after its location', async () => {
    const large = Buffer.alloc(17 * 1024 * 1024, 'varve')
    const { path } = await sampleStore(['one', large])
    const directory = join(await temporaryDirectory(), 'new', 'items')
    const { out: list } = await varve('list', path)
    const { exitCode, out } = await varveWith(list, 'read', path, '--out', directory, '--json')
    expect(exitCode).toBe(ExitCode.fine)
    const files = jsonLines<{ location: string; size: number; path: string }>(out)
    expect(files).toMatchObject([{ size: 3 }, { size: large.length }])
    expect(await readFile(files[0]?.path as string, 'utf8')).toBe('one')
    expect(large.equals(await readFile(files[1]?.path as string))).toBe(true)
    expect(files[0]?.path).toBe(join(directory, '0-44-3'))
  })

  it('goes on behind an item that is not there, and ends in the error', async () => {
    const { path } = await sampleStore(['one', 'two'])
    const { exitCode, out, err } = await varve('read', path, '0:44:3', '0:45:9', '9:44:3', '0:99:3')
    expect([exitCode, out]).toEqual([ExitCode.notFound, 'onetwo'])
    expect(err).toMatch(/^error: read 0:45:9: no item of 9 bytes .+\nerror: nothing is stored at 9:44:3\n$/)
  })

  it('does not print a byte of an item that is damaged', async () => {
    const { path, locations } = await sampleStore(['one', 'two', 'three'])
    const { out: list } = await varve('list', path)
    await flipBit(path, locations[1]?.position as number)
    const directory = await temporaryDirectory()
    const { exitCode, out, err } = await varveWith(list, 'read', path)
    expect([exitCode, out]).toEqual([ExitCode.damage, 'onethree'])
    expect(err).toMatch(/^error: read .+; varve verify names all damage/)
    expect((await varveWith(list, 'read', path, '--out', directory)).exitCode).toBe(ExitCode.damage)
  })

  it('takes what is no location as misuse', async () => {
    const { path } = await sampleStore(['one'])
    expect(await varve('read', path, '0:44')).toMatchObject({ exitCode: ExitCode.usage })
    const { exitCode, err } = await varveWith('0:44:3\nnonsense\n', 'read', path)
    expect([exitCode, err]).toEqual([
      ExitCode.usage,
      expect.stringContaining('line 2 of standard input does not begin with a location: nonsense'),
    ])
  })
})
