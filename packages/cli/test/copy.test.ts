import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { ExitCode } from '../src/exit-code.js'
import { varve } from './run-varve.js'

let directory: string
let path: string
let copy: string
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'varve-copy-'))
  path = join(directory, 'store')
  copy = join(directory, 'copy')
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const store = await Varve.open(fsBackend(path), { maxFileSize: 4096 })
  await store.addMany(Array.from({ length: 20 }, (_, n) => new Uint8Array(1000).fill(n)))
  await store.stop()
})

const dataFiles = (of: string) =>
  new Map(
    readdirSync(of)
      .filter((name) => name.startsWith('data'))
      .map((name) => [name, readFileSync(join(of, name))]),
  )

describe('copy', () => {
  it('makes the same store elsewhere, and again brings only what is new', async () => {
    const first = await varve('copy', path, copy)
    expect(first).toMatchObject({
      exitCode: ExitCode.fine,
      err: '',
      out: expect.stringMatching(/^21\.3 KiB written; .*copy has 7 files, 21\.3 KiB\n$/),
    })
    expect(dataFiles(copy)).toEqual(dataFiles(path))
    expect((await varve('copy', path, copy)).out).toMatch(/^0 B written; /)
    await varve('add', path, import.meta.filename)
    const { out } = await varve('copy', path, copy, '--json')
    const { size } = JSON.parse((await varve('list', path, '--json', '--reverse', '--limit', '1')).out)
    const { bytes, copiedBytes, ...rest } = JSON.parse(out)
    expect(rest).toEqual({ files: readdirSync(path).length - 1, removedFiles: 0, nextSequence: 21 })
    expect(copiedBytes).toBeGreaterThan(size)
    expect(copiedBytes).toBeLessThan(bytes)
    expect((await varve('verify', copy)).exitCode).toBe(ExitCode.fine)
  })

  it('copies a store that is being written to', async () => {
    const store = await Varve.open(fsBackend(path), { maxFileSize: 4096 })
    await store.add(Buffer.from('durable'), { durable: true })
    expect((await varve('copy', path, copy)).exitCode).toBe(ExitCode.fine)
    await store.stop()
    expect((await varve('scan', copy, '--format', 'raw', '--from', '20')).out).toBe('durable')
  })

  it('writes everything anew with --full', async () => {
    await varve('copy', path, copy)
    const { bytes, copiedBytes } = JSON.parse((await varve('copy', path, copy, '--full', '--json')).out)
    expect(copiedBytes).toBe(bytes)
  })

  it('follows drops', async () => {
    await varve('copy', path, copy)
    await varve('drop', path, '0', '--yes')
    expect((await varve('copy', path, copy)).out).toMatch(/^0 B written, 1 file removed that was dropped; /)
    expect(dataFiles(copy)).toEqual(dataFiles(path))
  })

  it('refuses a copy that is in use, one that was added to, and another store', async () => {
    await varve('copy', path, copy)
    const store = await Varve.open(fsBackend(copy))
    expect((await varve('copy', path, copy)).exitCode).toBe(ExitCode.locked)
    await store.add(Buffer.from('its own'))
    await store.stop()
    expect(await varve('copy', path, copy)).toMatchObject({ exitCode: ExitCode.failed, err: expect.stringMatching(/is not in this store/) })
    const other = join(directory, 'other')
    await varve('add', other, import.meta.filename)
    expect(await varve('copy', path, other)).toMatchObject({
      exitCode: ExitCode.usage,
      err: expect.stringMatching(/other holds another store; /),
    })
  })

  it('says what is wrong where there is no store, or the store is damaged', async () => {
    expect((await varve('copy', copy, path)).exitCode).toBe(ExitCode.notFound)
    const name = join(path, 'data00000.dat')
    const bytes = readFileSync(name)
    bytes[500] = (bytes[500] as number) ^ 1
    writeFileSync(name, bytes)
    expect(await varve('copy', path, copy)).toMatchObject({
      exitCode: ExitCode.damage,
      err: expect.stringMatching(/data00000\.dat: the block at position 0 is damaged/),
    })
  })
})
