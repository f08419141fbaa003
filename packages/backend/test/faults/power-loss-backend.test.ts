import { describeBackend } from '@varve/backend/conformance'
import { faultyBackend, type PowerLossStep, powerLossBackend, readFiles, shorten, writeFiles } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { container, contentOf, durable, leftOf, letters, outcome, statesOf, text } from './bytes.js'

describeBackend('powerLossBackend', { make: () => ({ backend: powerLossBackend() }) })

describeBackend('powerLossBackend without the methods that answer at once', {
  make: () => ({ backend: powerLossBackend({ synchronous: false }) }),
})

describeBackend('powerLossBackend with a listener', {
  make: () => {
    const backend = powerLossBackend()
    backend.onStep(async () => Promise.resolve())
    return { backend }
  },
})

describe('the steps', () => {
  test('are told of every call that changes something, in their phases', async () => {
    const disk = powerLossBackend()
    const steps: string[] = []
    disk.onStep(
      ({ number, kind, name, to, phase }: PowerLossStep) => void steps.push([number, kind, name, to, phase].filter(Boolean).join(' ')),
    )
    const lock = await disk.lock()
    const file = await disk.create('a')
    await file.append([text('ab')], 0)
    await file.sync()
    await file.truncate(1)
    await file.read(new Uint8Array(2), 0)
    await file.close()
    await disk.replace('a', 'b')
    await disk.remove('b')
    await disk.list()
    await lock.release()
    const phases = (step: string, ...names: string[]) => names.map((phase) => `${step} ${phase}`)
    expect(steps).toEqual([
      ...phases('1 lock', 'before', 'after'),
      ...phases('2 create a', 'before', 'during', 'after'),
      ...phases('3 append a', 'before', 'after'),
      ...phases('4 sync a', 'before', 'during', 'after'),
      ...phases('5 truncate a', 'before', 'after'),
      ...phases('6 replace a b', 'before', 'during', 'after'),
      ...phases('7 remove b', 'before', 'during', 'after'),
    ])
  })

  test('come after a call that fails too', async () => {
    const disk = powerLossBackend()
    const steps: string[] = []
    const file = await disk.create('a')
    const stop = disk.onStep(({ kind, phase }) => void steps.push(`${kind} ${phase}`))
    disk.failNextSync()
    expect([await outcome(file.append([text('a')], 7)), await outcome(file.sync())]).toEqual(['CONFLICT', 'IO'])
    expect(steps).toEqual(['append before', 'append after', 'sync before', 'sync during', 'sync after'])
    stop()
    await file.sync()
    expect(steps).toHaveLength(5)
  })

  test('keep the call waiting for what a listener returns, and a close for the call', async () => {
    const disk = powerLossBackend()
    const file = await disk.create('a')
    let goOn = () => {}
    const stop = disk.onStep(({ phase }) => (phase === 'before' ? new Promise<void>((resolve) => (goOn = resolve)) : undefined))
    const append = file.append([text('ab')], 0)
    for (let turn = 0; turn < 200; turn++) await Promise.resolve()
    expect(await contentOf(disk, 'a')).toBe('')
    let closed = false
    const close = file.close().then(() => (closed = true))
    for (let turn = 0; turn < 200; turn++) await Promise.resolve()
    expect(closed).toBe(false)
    goOn()
    await Promise.all([append, close])
    expect(await contentOf(disk, 'a')).toBe('ab')
    stop()
  })

  test('show a sync that is under way as not done', async () => {
    const disk = powerLossBackend()
    const file = await durable(disk, 'a', '')
    await file.append([text('a')], 0)
    const left: unknown[] = []
    disk.onStep(({ phase }) => void left.push(`${phase} ${leftOf(disk, 'a').length}`))
    await file.sync()
    expect(left).toEqual(['before 4', 'during 4', 'after 1'])
  })

  test('sync only what was appended when the sync was called', async () => {
    const disk = powerLossBackend()
    const file = await durable(disk, 'a', '')
    disk.onStep(() => undefined)
    await file.append([text('a')], 0)
    await Promise.all([file.append([text('b')], 1), file.sync(0)])
    expect(new Set(leftOf(disk, 'a'))).toEqual(new Set(['a', 'ab', 'a.', 'a#']))
  })

  test('come with a revision that changes with what a power cut could leave', async () => {
    const disk = powerLossBackend()
    const revisions: number[] = []
    const file = await disk.create('a')
    const note = () => void revisions.push(disk.revision)
    note()
    await file.append([text('a')], 0)
    note()
    await file.sync()
    note()
    await disk.replace('a', 'b')
    note()
    await disk.remove('b')
    note()
    expect(new Set(revisions).size).toBe(5)
    await disk.list()
    await file.size()
    note()
    expect(new Set(revisions).size).toBe(5)
  })
})

describe('what programs see', () => {
  test('is cached contents and names, as values of that moment', async () => {
    const disk = powerLossBackend({ directorySync: false })
    const file = await disk.create('a')
    await file.append([text('abc')], 0)
    const contents = disk.contents()
    await file.truncate(0)
    await file.append([text('zzz')], 0)
    expect([letters(contents.get('a')), letters(disk.contents().get('a'))]).toEqual(['abc', 'zzz'])
  })

  test('counts the handles, and knows the lock', async () => {
    const disk = powerLossBackend()
    const [a, b] = [await disk.create('a'), await disk.open('a')]
    const lock = await disk.lock()
    expect([disk.openFiles, disk.locked]).toEqual([2, true])
    await Promise.all([a.close(), a.close(), b.close(), lock.release()])
    expect([disk.openFiles, disk.locked]).toEqual([0, false])
  })

  test('never changes bytes that were given as the start', async () => {
    const start = text('abc')
    const disk = powerLossBackend({ files: new Map([['a', start.subarray(0, 2)]]) })
    const file = await disk.open('a')
    await file.append([text('x')], 2)
    await file.truncate(0)
    await file.append([text('yy')], 0)
    await file.sync(0)
    expect(letters(start)).toBe('abc')
  })
})

describe('files between backends', () => {
  test('are read from any backend, and are the durable start of another', async () => {
    const source = powerLossBackend({ synchronous: false })
    await durable(source, 'a', 'abc')
    await durable(source, 'empty', '')
    const disk = powerLossBackend({ files: await readFiles(source) })
    expect(statesOf(disk).map(container)).toEqual(['a=abc empty='])
    // The two that were open before.
    expect(source.openFiles).toBe(2)
  })

  test('are written into any backend, durably', async () => {
    const disk = powerLossBackend()
    await (await durable(disk, 'a', 'ab')).append([text('cd')], 2)
    const state = [...disk.crashStates({ samples: 0 })][1]!
    const target = powerLossBackend()
    await state.writeTo(target)
    expect(statesOf(target).map(container)).toEqual(['a=abcd'])
    expect(target.openFiles).toBe(0)
    expect(await outcome(writeFiles(state.files, target))).toBe('ALREADY_EXISTS')
  })

  test('are read as far as the backend gives them', async () => {
    const source = powerLossBackend()
    await durable(source, 'a', 'abcdef')
    const short = faultyBackend(source, [
      { kind: 'read', fault: shorten(2) },
      { kind: 'read', nth: 2, fault: shorten(0) },
    ])
    expect(letters((await readFiles(short)).get('a'))).toBe('ab')
  })

  test('are copied in pieces where they are large', async () => {
    const large = new Uint8Array(40 * 1024 * 1024 + 3)
    large.set([1, 2, 3], large.length - 3)
    const target = powerLossBackend()
    await writeFiles(new Map([['a', large]]), target)
    const back = (await readFiles(target)).get('a')!
    expect(back.length).toBe(large.length)
    expect([...back.subarray(-4)]).toEqual([0, 1, 2, 3])
  })
})
