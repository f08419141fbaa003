import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Documents } from './documents.js'

const examples = fileURLToPath(new URL('..', import.meta.url))
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-documents-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

async function textOf(documents: Documents, key: string): Promise<string | undefined> {
  const bytes = await documents.get(key)
  return bytes && Buffer.from(bytes).toString()
}

async function fill(from: number, to: number): Promise<void> {
  const documents = await Documents.open(directory)
  await Promise.all(Array.from({ length: to - from }, (_, n) => documents.put(`key ${(from + n) % 7}`, Buffer.from(`text ${from + n}`))))
  await documents.close()
}

async function expectNewest(count: number): Promise<void> {
  const documents = await Documents.open(directory)
  for (let n = count - 7; n < count; n++) expect(await textOf(documents, `key ${n % 7}`)).toBe(`text ${n}`)
  await documents.close()
}

test('the newest document of each key is found', async () => {
  await fill(0, 20)
  await expectNewest(20)
})

test('an index that is gone is made again', async () => {
  await fill(0, 20)
  rmSync(join(directory, 'index.sqlite'))
  await expectNewest(20)
})

test('an index that a crash has set back catches up', async () => {
  await fill(0, 20)
  cpSync(join(directory, 'index.sqlite'), join(directory, 'old'))
  await fill(20, 40)
  cpSync(join(directory, 'old'), join(directory, 'index.sqlite'))
  await expectNewest(40)
})

test('what was acknowledged before the process was killed is found', async () => {
  const writer = spawn(process.execPath, ['--import', 'tsx', 'sqlite-index/writer.ts', directory], {
    cwd: examples,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  for await (const lines of writer.stdout) {
    printed += lines
    if (printed.includes('document 5\n')) writer.kill('SIGKILL')
  }
  const keys = printed.split('\n').slice(0, -1)
  expect(keys.length).toBeGreaterThanOrEqual(6)
  const documents = await Documents.open(directory)
  for (const key of keys) expect(await textOf(documents, key)).toBe(`the words of ${key}`)
  await documents.close()
})
