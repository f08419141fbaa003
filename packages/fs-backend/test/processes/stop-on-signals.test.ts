import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Child, type Program, program } from './child.js'

let signalled: Program
beforeAll(async () => {
  signalled = await program()
})
afterAll(() => signalled.dispose())

async function start(role: string, ready = 'ready'): Promise<Child> {
  const child = signalled.start(role)
  expect(await child.line()).toBe(ready)
  return child
}

// On Windows a signal from another process ends it at once.
describe.runIf(process.platform !== 'win32')('stopOnSignals', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('stops the store, and then %s takes its course', async (signal) => {
    const child = await start('stops')
    child.kill(signal)
    expect(await child.line()).toBe('store stops')
    child.tell('has stopped')
    expect(await child.line()).toBe('store has stopped')
    expect(await child.ended).toEqual({ code: null, signal, stderr: '' })
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('ends at once at a second signal, %s', async (signal) => {
    const child = await start('stops')
    child.kill('SIGTERM')
    expect(await child.line()).toBe('store stops')
    child.kill(signal)
    expect(await child.ended).toEqual({ code: null, signal, stderr: '' })
  })

  test('waits for the stores of every call', async () => {
    const child = await start('stops two')
    child.kill('SIGTERM')
    expect([await child.line(), await child.line()]).toEqual(['quick one stops', 'slow one stops'])
    child.tell('has stopped')
    expect(await child.line()).toBe('slow one has stopped')
    expect((await child.ended).signal).toBe('SIGTERM')
  })

  test('says on stderr what went wrong, and ends all the same', async () => {
    const child = await start('fails to stop')
    child.kill('SIGTERM')
    expect(await child.ended).toEqual({ code: null, signal: 'SIGTERM', stderr: expect.stringContaining('the disk is gone') })
  })

  test('tells the program instead, where it wants to know', async () => {
    const child = await start('throws when it stops')
    child.kill('SIGINT')
    expect(await child.line()).toBe('told: the disk is gone')
    expect(await child.ended).toEqual({ code: null, signal: 'SIGINT', stderr: '' })
  })

  test('leaves the end to a listener of the program’s own, one that listens once too', async () => {
    const child = await start('listens itself')
    child.kill('SIGTERM')
    expect([await child.line(), await child.line()].sort()).toEqual(['own listener', 'store stops'])
    child.tell('has stopped')
    expect(await child.line()).toBe('store has stopped')
    child.tell('exit')
    expect((await child.ended).code).toBe(7)
  })

  test('listens no more once it is taken off, and leaves other stores alone', async () => {
    const child = await start('takes it off', 'ready 0 1')
    child.kill('SIGTERM')
    expect(await child.ended).toEqual({ code: null, signal: 'SIGTERM', stderr: '' })
    const other = await start('takes it off', 'ready 0 1')
    other.kill('SIGINT')
    expect(await other.line()).toBe('other stops')
    other.tell('has stopped')
    expect(await other.line()).toBe('other has stopped')
    expect((await other.ended).signal).toBe('SIGINT')
  })

  test('keeps no process alive', async () => {
    const child = await start('has nothing else to do')
    expect(await child.ended).toEqual({ code: 0, signal: null, stderr: '' })
  })
})
