import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail } from '@varve/backend/faults'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Program, program } from './processes/child.js'
import { item } from './support/items.js'
import { contentsOf, inject, openStore } from './support/test-store.js'

let programs: Program
let directory: string
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'varve-natural-exit-'))
  programs = await program()
}, 60_000)
afterAll(() => {
  programs.dispose()
  rmSync(directory, { recursive: true })
})

/** Runs a program on a store, and reads what it left there. */
async function run(role: string): Promise<{ code: unknown; said: readonly string[]; stderr: string; stored: string[]; recovered: number }> {
  const path = join(directory, role.replaceAll(' ', '-'))
  const ending = await programs.run(role, path)
  const db = new Varve(fsBackend(path))
  let recovered = 0
  db.on('recover', ({ cut }) => (recovered += cut.length))
  await db.start()
  const stored = (await contentsOf(db)).map(({ data }) => new TextDecoder().decode(data))
  await db.stop()
  return { ...ending, stored, recovered }
}

describe('a program that ends by itself', { timeout: 60_000 }, () => {
  test('without a stop has everything stored that it added', async () => {
    const { code, said, stderr, stored, recovered } = await run('adds and ends')
    expect({ code, said, stderr, recovered }).toEqual({ code: 0, said: ['done'], stderr: '', recovered: 0 })
    expect(stored).toEqual(Array.from({ length: 100 }, (_, n) => `item ${n}`))
  })

  test('has it synced where flushes are left to the operating system', async () => {
    const { code, said, stderr, stored } = await run('leaves it to the operating system and ends')
    expect({ code, said, stderr }).toEqual({ code: 0, said: ['synced 12'], stderr: '' })
    expect(stored).toHaveLength(12)
  })

  test('has what it added while it ended, too', async () => {
    const { code, stderr, stored } = await run('adds while it ends')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stored).toEqual(['first', 'second'])
  })

  test('is not kept from it by a store that has nothing to do', async () => {
    const { code, said, stored } = await run('is idle')
    expect({ code, said }).toEqual({ code: 0, said: ['done'] })
    expect(stored).toEqual(['item'])
  })

  test('is not kept from it by a full disk: it tries once, says so, and ends', async () => {
    expect(await programs.run('has a full disk')).toEqual({ code: 0, said: ['done', 'failure NO_SPACE'], stderr: '' })
  })

  test('does not end while an add waits for room', async () => {
    expect(await programs.run('waits for room')).toEqual({ code: 0, said: ['added added TIMEOUT TIMEOUT TIMEOUT'], stderr: '' })
  })
})

describe('where the process is said to end', () => {
  /** What Node calls when nothing is left to do, but for the test runner's own. */
  async function beforeExit(before: readonly NodeJS.BeforeExitListener[]): Promise<void> {
    const added = process.listeners('beforeExit').filter((listener) => !before.includes(listener))
    await Promise.all(added.map((listener) => listener.call(process, 0)))
  }

  test('a store with nothing in memory is not asked, one with something is flushed, and then no longer asked', async () => {
    const before = process.listeners('beforeExit')
    const { db, disk } = await openStore()
    expect(process.listeners('beforeExit')).toHaveLength(before.length)
    const location = await db.add(item(1))
    expect(process.listeners('beforeExit')).toHaveLength(before.length + 1)
    await beforeExit(before)
    await db.whenDurable(location)
    expect(process.listeners('beforeExit')).toHaveLength(before.length)
    inject(disk, fail('NO_SPACE'), { kind: 'append' })
    await db.add(item(2))
    await beforeExit(before)
    // It can't be helped, and the process is not kept by it.
    expect(process.listeners('beforeExit')).toHaveLength(before.length)
    await db.stop()
  })

  test('a store that failed or was stopped is not asked', async () => {
    const before = process.listeners('beforeExit')
    const { db, disk } = await openStore()
    await db.add(item(1))
    await db.stop()
    expect(process.listeners('beforeExit')).toHaveLength(before.length)
    await db.start()
    inject(disk, fail('IO'), { kind: 'sync' })
    await db.add(item(1))
    await expect(db.flush()).rejects.toMatchObject({ code: 'FAILED' })
    expect(process.listeners('beforeExit')).toHaveLength(before.length)
  })
})

test('a program that exits at once has what was durable; the rest is there whole or not at all', { timeout: 60_000 }, async () => {
  const { code, stored } = await run('exits at once')
  expect(code).toBe(3)
  expect(stored.slice(0, 1)).toEqual(['durable'])
  expect([[], ['buffered']]).toContainEqual(stored.slice(1))
})
