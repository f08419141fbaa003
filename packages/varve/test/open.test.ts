import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import * as core from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import * as varve from 'varve'
import { describe, expect, onTestFinished, test } from 'vitest'

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'varve-open-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'blocks')
}

describe('open', () => {
  test.each<[string, (path: string) => string | URL]>([
    ['a path', (path) => path],
    ['a file: URL', pathToFileURL],
    ['a file: URL as text', (path) => pathToFileURL(path).href],
  ])('opens the store in a directory that is given as %s', async (_, given) => {
    const path = newDirectory()
    const data = Buffer.from('hello')
    const db = await varve.open(given(path))
    const location = await db.add(data, { durable: true })
    await db.stop()
    await using again = await varve.open(path, { create: false })
    expect(Buffer.from((await again.read(location)) ?? [])).toEqual(data)
  })

  test("opens a store on a backend of one's own", async () => {
    const memory = memoryBackend()
    await using db = await varve.open(memory)
    await db.add(Buffer.from('hello'), { durable: true })
    expect(await memory.list()).toContain('data00000.dat')
  })

  test('takes the options of the store and of its files', async () => {
    const path = newDirectory()
    await using db = await varve.open(path, { filePrefix: 'block', fileMode: 0o640 })
    expect(db.options.filePrefix).toBe('block')
    const file = join(path, 'block00000.dat')
    expect(existsSync(file)).toBe(true)
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777 & ~0o640).toBe(0)
    await expect(varve.open(path, { maxFileSize: 1 })).rejects.toMatchObject({ code: 'INVALID_OPTION' })
  })

  test.each([undefined, null, '', 7, {}, ['./blocks']])('takes nothing else: %s', async (where) => {
    await expect(varve.open(where as never)).rejects.toThrow(TypeError)
  })

  test('rejects where there is no store and none is to be made', async () => {
    await expect(varve.open(newDirectory(), { create: false })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

test('everything that the core exports is here', () => {
  expect(varve).toMatchObject(core)
})

test('what is published can be required from CommonJS', async () => {
  const program = `const { open } = require('varve')
    open(process.argv[1]).then(async (db) => {
      console.log(JSON.stringify(await db.add(Buffer.from('hello'), { durable: true })))
      await db.stop()
    })`
  const { stdout } = await promisify(execFile)(process.execPath, ['--eval', program, newDirectory()], { cwd: import.meta.dirname })
  expect(JSON.parse(stdout)).toEqual({ index: 0, position: 44, size: 5 })
})
