import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { ExitCode } from '../../src/exit-code.js'
import { varve } from '../run-varve.js'
import { sampleStore } from '../sample-store.js'

let path: string
/** Two items a file. */
const items = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(300))
beforeEach(async () => {
  path = (await sampleStore(items, { maxFileSize: 1024 })).path
})

async function left(): Promise<string> {
  return (await varve('scan', path, '--lines')).out.replaceAll(/(.)\1+/g, '$1').replaceAll('\n', '')
}

/** The location of the item with that sequence. */
async function locationOf(sequence: number): Promise<string> {
  return JSON.parse((await varve('list', path, '--from', String(sequence), '--limit', '1', '--json')).out).location
}

describe('a trim', () => {
  it('removes what stands before a location', async () => {
    const location = await locationOf(1)
    const { exitCode, out } = await varve('ltrim', path, location, '--yes', '--json')
    expect(exitCode).toBe(ExitCode.fine)
    expect(JSON.parse(out)).toEqual({ index: 0, position: Number(location.split(':')[1]), side: 'left', bytes: 300 })
    expect(await left()).toBe('bcde')
  })

  it('removes what stands from a location on, of which index and position are enough', async () => {
    const [index, position] = (await locationOf(3)).split(':')
    const { exitCode, out } = await varve('rtrim', path, `${index}:${position}`, '--yes')
    expect([exitCode, out]).toEqual([ExitCode.fine, 'removed 300 B of items\n'])
    expect(await left()).toBe('abce')
  })

  it('is done only if the item at its edge is the expected one', async () => {
    const first = await locationOf(1)
    expect(await varve('ltrim', path, first, '--yes', '--expect', '6262')).toMatchObject({ exitCode: ExitCode.failed })
    expect(await varve('rtrim', path, first, '--yes', '--expect', '6161')).toMatchObject({ exitCode: ExitCode.failed })
    expect(await left()).toBe('abcde')
    expect(await varve('ltrim', path, first, '--yes', '--expect', '6161')).toMatchObject({ exitCode: ExitCode.fine })
    expect(await left()).toBe('bcde')
  })

  it('says where no item begins at the location, and where there is no such file', async () => {
    expect(await varve('ltrim', path, '0:50', '--yes')).toMatchObject({ exitCode: ExitCode.notFound })
    expect(await varve('rtrim', path, '99:44', '--yes')).toMatchObject({ exitCode: ExitCode.notFound })
  })
})

describe('varve drop', () => {
  it('removes a data file', async () => {
    const { exitCode, out } = await varve('drop', path, '1', '--yes', '--json')
    expect(exitCode).toBe(ExitCode.fine)
    expect(JSON.parse(out)).toEqual({ index: 1, bytes: expect.any(Number) })
    expect(await left()).toBe('abe')
    expect(await varve('drop', path, '77', '--yes')).toMatchObject({ exitCode: ExitCode.notFound })
    expect((await varve('drop', path, '0', '--yes')).out).toMatch(/^removed data file 0, \S+ B\n$/)
  })
})

describe('varve destroy', () => {
  it('removes the store and its directory', async () => {
    const { exitCode, out } = await varve('destroy', path, '--yes', '--json')
    expect(exitCode).toBe(ExitCode.fine)
    expect(JSON.parse(out)).toEqual({ files: 3, bytes: expect.any(Number) })
    expect(existsSync(path)).toBe(false)
    expect(await varve('destroy', path, '--yes')).toMatchObject({ exitCode: ExitCode.notFound })
  })

  it('leaves what is not of the store', async () => {
    await writeFile(join(path, 'notes'), 'mine')
    expect((await varve('destroy', path, '--yes')).out).toMatch(/^removed 3 data files with .+\n$/)
    expect((await readdir(path)).filter((name) => !name.startsWith('.lock'))).toEqual(['notes'])
  })
})

describe('without a terminal to ask on', () => {
  it.each([
    [['ltrim', '0:44'], 'whether to remove 0 items with 0 B, all of data file 0 before 0:44'],
    [['rtrim', '0:44'], 'whether to remove 2 items with 600 B, all of data file 0 from 0:44 on'],
    [['drop', '1'], 'whether to remove data file 1 with its 2 items with 600 B'],
    [['destroy'], 'whether to remove the store in'],
  ])('%j asks for --yes and removes nothing', async ([command, ...args], why) => {
    const { exitCode, out, err } = await varve(command as string, path, ...args)
    expect([exitCode, out]).toEqual([ExitCode.usage, ''])
    expect(err).toContain(why)
    expect(err).toMatch(/; give --yes\n$/)
    expect(await left()).toBe('abcde')
  })
})
