import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { BackendError } from '@varve/backend'
import { fsBackend } from '@varve/fs-backend'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../temporary-directory.js'
import { type Child, type Program, program } from './child.js'

const message = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    (error) => (BackendError.is(error) ? `${error.code}: ${error.message}` : String(error)),
  )

describe.each([
  { kind: 'kernel lock', kernelLock: true },
  { kind: 'pid file', kernelLock: false },
])('the lock of two processes, a $kind', ({ kind, kernelLock }) => {
  let locker: Program
  beforeAll(async () => {
    locker = await program({ kernelLock })
  })
  afterAll(() => locker.dispose())

  async function start(path: string): Promise<Child> {
    const child = locker.start('locker', path)
    expect(await child.line()).toBe('ready')
    return child
  }

  async function ask(child: Child, what: 'lock' | 'release'): Promise<string> {
    child.tell(what)
    return child.line()
  }

  test('tells the second one who holds it', async () => {
    const path = temporaryDirectory()
    const [first, second] = [await start(path), await start(path)]
    const held = await ask(first, 'lock')
    expect(held).toMatch(new RegExp(`^held: ${kind} of process ${first.pid} on ${hostname()}, started 20..-..-..T..:..:..\\....Z$`))
    const description = held.slice('held: '.length)
    expect(await ask(second, 'lock')).toBe(`LOCKED: ${join(path, '.lock')} is held: ${description}`)
    expect(await message(fsBackend(path).lock())).toBe(`LOCKED: ${join(path, '.lock')} is held: ${description}`)
    expect(await message(fsBackend(path).destroy())).toContain('LOCKED')
    expect(await ask(first, 'release')).toBe('released')
    expect(await ask(second, 'lock')).toContain(`held: ${kind} of process ${second.pid}`)
    expect(await fsBackend(path).list()).toEqual([])
  })

  test('is free as soon as its holder was killed', async () => {
    const path = temporaryDirectory()
    const [first, second] = [await start(path), await start(path)]
    expect(await ask(first, 'lock')).toContain('held')
    expect(await ask(second, 'lock')).toContain(`process ${first.pid}`)
    first.kill('SIGKILL')
    expect((await first.ended).signal).toBe('SIGKILL')
    expect(await ask(second, 'lock')).toContain(`held: ${kind} of process ${second.pid}`)
    second.kill('SIGKILL')
    await second.ended
    await (await fsBackend(path).lock()).release()
  })

  test.runIf(process.platform !== 'win32')('stays with a holder that is halted', async () => {
    const path = temporaryDirectory()
    const [first, second] = [await start(path), await start(path)]
    expect(await ask(first, 'lock')).toContain('held')
    first.kill('SIGSTOP')
    expect(await ask(second, 'lock')).toContain('LOCKED')
    first.kill('SIGCONT')
    expect(await ask(first, 'release')).toBe('released')
    expect(await ask(second, 'lock')).toContain('held')
  })

  test('excludes this process, whichever lock that has', async () => {
    const path = temporaryDirectory()
    const child = await start(path)
    const lock = await fsBackend(path).lock()
    expect(await ask(child, 'lock')).toBe(`LOCKED: ${join(path, '.lock')} is held: ${lock.description}`)
    await lock.release()
    expect(await ask(child, 'lock')).toContain('held')
    expect(await message(fsBackend(path).lock())).toContain(`${kind} of process ${child.pid}`)
  })

  test('goes to exactly one of many that find the lock of a process that was killed', async () => {
    const path = temporaryDirectory()
    const dead = await start(path)
    await ask(dead, 'lock')
    const left = readFileSync(join(path, '.lock'))
    dead.kill('SIGKILL')
    await dead.ended
    const children = await Promise.all(Array.from({ length: 4 }, () => start(path)))
    for (let round = 0; round < 15; round++) {
      writeFileSync(join(path, '.lock'), left)
      const answers = await Promise.all(children.map((child) => ask(child, 'lock')))
      expect(answers.map((answer) => answer.slice(0, 4)).sort()).toEqual(['LOCK', 'LOCK', 'LOCK', 'held'])
      await ask(children[answers.findIndex((answer) => answer.startsWith('held'))]!, 'release')
    }
    expect(readdirSync(path).filter((name) => name !== '.lock')).toEqual([])
  })
})
