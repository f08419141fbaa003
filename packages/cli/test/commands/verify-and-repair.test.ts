import { copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { describe, expect, it } from 'vitest'
import { ExitCode } from '../../src/exit-code.js'
import { jsonLines, varve } from '../run-varve.js'
import { flipBit, sampleStore } from '../sample-store.js'

async function damagedStore(): Promise<string> {
  const { path, locations } = await sampleStore(['one', 'two', 'three'])
  await flipBit(path, locations[1]?.position as number)
  return path
}

const damage = {
  kind: 'record',
  file: 'data00000.dat',
  index: 0,
  position: 99,
  offset: 163,
  length: 11,
  lost: { from: 1, to: 2 },
  detail: expect.any(String),
}

describe('varve verify', () => {
  it('says that all is well', async () => {
    const { path } = await sampleStore(['one', 'two'])
    const { exitCode, out, err } = await varve('verify', path)
    expect([exitCode, err]).toEqual([ExitCode.fine, ''])
    expect(out).toMatch(/intact items +│ +2 │\n.+damaged places +│ +0 │/)
    const { bytes, ...report } = JSON.parse((await varve('verify', path, '--json')).out)
    expect(report).toEqual({ isIntact: true, files: 1, items: 2, lost: 0, damagedCursors: [], damages: [], omitted: 0 })
    expect(bytes).toBeGreaterThan(0)
  })

  it('names each damage and what is lost, and says so in its exit code', async () => {
    const path = await damagedStore()
    const { exitCode, out, err } = await varve('verify', path)
    expect(exitCode).toBe(ExitCode.damage)
    expect(out).toMatch(/data00000\.dat │ +99 │ +11 │ record: .+ │ item 1 is lost/)
    expect(err).toBe(`error: ${path} has 1 damaged place; varve repair ${path} shows what can be done\n`)
    const json = await varve('verify', path, '--json')
    expect(json.exitCode).toBe(ExitCode.damage)
    expect(JSON.parse(json.out)).toMatchObject({ isIntact: false, items: 2, damages: [damage] })
  })

  it.each(['a file under the name of another', 'a directory in place of a file'])('names %s', async (kind) => {
    const { path } = await sampleStore(
      ['x', 'y', 'z'].map((letter) => letter.repeat(700)),
      { maxFileSize: 1024 },
    )
    const file = join(path, 'data00001.dat')
    await rm(file)
    if (kind.startsWith('a directory')) await mkdir(file)
    else await copyFile(join(path, 'data00000.dat'), file)
    const { exitCode, out } = await varve('verify', path, '--json')
    expect([exitCode, JSON.parse(out)]).toMatchObject([
      ExitCode.damage,
      { isIntact: false, damages: [{ kind: 'foreign-file', file: 'data00001.dat' }] },
    ])
    if (kind.startsWith('a directory'))
      expect(await varve('inspect', path, '1')).toMatchObject({
        exitCode: ExitCode.damage,
        err: expect.stringContaining('data00001.dat is no regular file'),
      })
  })

  it('reads a store that is being written to', async () => {
    const { path } = await sampleStore(['one'])
    await using store = await Varve.open(fsBackend(path))
    await store.add(Buffer.from('two'), { durable: true })
    await store.add(Buffer.from('three'), { durable: true })
    expect(await varve('verify', path)).toMatchObject({ exitCode: ExitCode.fine })
  })
})

describe('varve repair', () => {
  it('shows what it would do and changes nothing', async () => {
    const path = await damagedStore()
    const before = await readdir(path)
    const { exitCode, out, err } = await varve('repair', path)
    expect(exitCode).toBe(ExitCode.damage)
    expect(out).toMatch(/would be done .+ would be kept as/)
    expect(err).toBe(`error: nothing was changed; varve repair ${path} --yes does it\n`)
    const json = JSON.parse((await varve('repair', path, '--json')).out)
    expect(json).toEqual({
      dryRun: true,
      damages: [damage],
      steps: [
        {
          action: 'rewrite',
          file: 'data00000.dat',
          index: 0,
          savedAs: [expect.stringMatching(/^\.quarantine\./)],
          detail: expect.any(String),
        },
      ],
    })
    expect(await readdir(path)).toEqual(before)
  })

  it('does it with --yes, keeps what was there, and leaves a store that is whole', async () => {
    const path = await damagedStore()
    const { exitCode, out } = await varve('repair', path, '--yes')
    expect(exitCode).toBe(ExitCode.fine)
    const [quarantine] = (await readdir(path)).filter((name) => name.startsWith('.quarantine.'))
    expect(out).toContain(quarantine)
    const verified = await varve('verify', path, '--json')
    expect([verified.exitCode, JSON.parse(verified.out)]).toMatchObject([ExitCode.fine, { isIntact: true, items: 2, lost: 1 }])
    expect((await varve('verify', path)).out).toMatch(/items lost in an earlier repair │ +1 │/)
    expect((await varve('scan', path, '--lines')).out).toBe('one\nthree\n')
    expect(await varve('read', path, '0:99:3')).toMatchObject({ exitCode: ExitCode.damage, out: '' })
    expect(await varve('repair', path)).toMatchObject({ exitCode: ExitCode.fine, out: 'nothing to repair\n' })
    expect(jsonLines((await varve('inspect', path, '0', '--json')).out).map(({ state }) => state)).toContain('lost')
  })

  it('leaves a store alone that is being written to', async () => {
    const { path } = await sampleStore(['one'])
    await using store = await Varve.open(fsBackend(path))
    expect(store.state).toBe('running')
    expect(await varve('repair', path)).toMatchObject({
      exitCode: ExitCode.locked,
      err: expect.stringMatching(new RegExp(`^error: .*process ${process.pid} on .*; wait for that process`)),
    })
  })

  it('says where there is no store', async () => {
    expect(await varve('repair', '/nowhere')).toMatchObject({ exitCode: ExitCode.notFound })
  })
})
