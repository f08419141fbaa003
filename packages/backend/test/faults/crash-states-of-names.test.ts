import { type DirectorySync, type PowerLossBackend, powerLossBackend } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { container, contentOf, durable, outcome, statesOf, text } from './bytes.js'

/** What a power cut may leave, at the given phase of a call, and after it. */
async function during(disk: PowerLossBackend, call: () => Promise<unknown>) {
  const left: string[][] = []
  const stop = disk.onStep(({ phase }) => {
    if (phase === 'during') left.push(containers(disk))
  })
  await call()
  stop()
  expect(left).toHaveLength(1)
  return { during: left[0], after: containers(disk) }
}

function containers(disk: PowerLossBackend): string[] {
  return statesOf(disk).map(container).sort()
}

describe('a name', () => {
  test('may be there or not while it is created, and is there afterwards, without anything in the file', async () => {
    const disk = powerLossBackend()
    expect(await during(disk, () => disk.create('a'))).toEqual({ during: ['', 'a='], after: ['a='] })
  })

  test('may be there or not while it is removed, and is gone afterwards', async () => {
    const disk = powerLossBackend({ files: new Map([['a', text('x')]]) })
    expect(await during(disk, () => disk.remove('a'))).toEqual({ during: ['', 'a=x'], after: [''] })
  })

  test('has the old file or the new one while it is replaced, the new one perhaps under both names', async () => {
    const disk = powerLossBackend({
      files: new Map([
        ['a', text('new')],
        ['b', text('old')],
      ]),
    })
    expect(await during(disk, () => disk.replace('a', 'b'))).toEqual({ during: ['a=new b=new', 'a=new b=old', 'b=new'], after: ['b=new'] })
  })

  test('has a file that is durable only as far as it was synced, after it was replaced', async () => {
    const disk = powerLossBackend({ files: new Map([['b', text('old')]]) })
    const file = await durable(disk, 'a', 'n')
    await file.append([text('ew')], 1)
    await disk.replace('a', 'b')
    expect(containers(disk)).toEqual(['b=n', 'b=n##', 'b=n..', 'b=new'])
    await file.sync()
    expect(containers(disk)).toEqual(['b=new'])
  })

  test('keeps one content under two names', async () => {
    const disk = powerLossBackend({ directorySync: ['create', 'lock'] })
    const file = await durable(disk, 'a', '')
    await file.append([text('x')], 0)
    await disk.replace('a', 'b')
    expect(containers(disk)).toEqual(['#', '.', '', 'x'].flatMap((left) => [`a=${left}`, `a=${left} b=${left}`, `b=${left}`]).sort())
  })
})

describe('a backend that does not sync its directory', () => {
  test('leaves every name in doubt, in every combination', async () => {
    const disk = powerLossBackend({ directorySync: false, files: new Map([['c', text('x')]]) })
    await durable(disk, 'a', 'ab')
    await durable(disk, 'b', '')
    await disk.remove('c')
    expect(containers(disk)).toEqual(['', 'a=ab', 'a=ab b=', 'a=ab b= c=x', 'a=ab c=x', 'b=', 'b= c=x', 'c=x'])
    await disk.lock()
    expect(containers(disk)).toHaveLength(8)
  })

  test('shows the names to programs all the same', async () => {
    const disk = powerLossBackend({ directorySync: false })
    await durable(disk, 'a', 'ab')
    await disk.replace('a', 'b')
    expect([await disk.list(), await contentOf(disk, 'b')]).toEqual([['b'], 'ab'])
  })

  test('tries prefixes and single losses where the names are many', async () => {
    const disk = powerLossBackend({ directorySync: false })
    for (const name of 'abcdefghij') await disk.create(name)
    const left = statesOf(disk).map((state) => [...state.files.keys()].join(''))
    for (const names of ['', 'abcdefghij', 'abc', 'abcdefghi', 'bcdefghij', 'abcdfghij', 'e']) expect(left).toContain(names)
    expect(left.length).toBeLessThan(100)
    await disk.replace('a', 'z')
    expect(statesOf(disk).map((state) => [...state.files.keys()].sort().join(''))).toContain('abcdefghijz')
  })

  test.each<[DirectorySync[number]]>([['create'], ['replace'], ['remove']])(
    'only for %s: the next one that does covers what was before it',
    async (forgotten) => {
      const every: DirectorySync = ['create', 'replace', 'remove', 'lock']
      const disk = powerLossBackend({
        directorySync: every.filter((call) => call !== forgotten),
        files: new Map([
          ['a', text('x')],
          ['b', text('y')],
        ]),
      })
      if (forgotten === 'create') await disk.create('c')
      if (forgotten === 'replace') await disk.replace('a', 'b')
      if (forgotten === 'remove') await disk.remove('a')
      expect(containers(disk).length).toBeGreaterThan(1)
      if (forgotten === 'create') await disk.remove('b')
      else await disk.create('d')
      expect(containers(disk)).toHaveLength(1)
    },
  )

  test('has every name durable once the lock is taken, where that syncs', async () => {
    const disk = powerLossBackend({ directorySync: ['lock'] })
    await disk.create('a')
    expect(containers(disk)).toEqual(['', 'a='])
    await disk.lock()
    expect(containers(disk)).toEqual(['a='])
  })
})

describe('a directory whose sync fails', () => {
  test('shows the name, but leaves it in doubt until the lock is taken', async () => {
    const disk = powerLossBackend()
    disk.failNextSync({ of: 'directory' })
    expect(await outcome(disk.create('a'))).toBe('IO')
    expect([await disk.list(), disk.openFiles, containers(disk)]).toEqual([['a'], 0, ['', 'a=']])
    await disk.create('b')
    expect(containers(disk)).toContain('b=')
    await disk.lock()
    expect(containers(disk)).toEqual(['a= b='])
  })

  test('gives nobody the lock', async () => {
    const disk = powerLossBackend()
    disk.failNextSync({ of: 'directory' })
    expect(await outcome(disk.lock())).toBe('IO')
    expect(disk.locked).toBe(false)
    await disk.lock()
  })

  test('is not what an ordinary failure is about', async () => {
    const disk = powerLossBackend()
    disk.failNextSync()
    const file = await disk.create('a')
    expect(await outcome(file.sync())).toBe('IO')
  })
})

describe('a file without a name', () => {
  test('can still be written and synced, and no state has it', async () => {
    const disk = powerLossBackend()
    const file = await durable(disk, 'a', 'ab')
    await disk.remove('a')
    await file.append([text('cd')], 2)
    await file.sync()
    expect(await file.size()).toBe(4)
    expect(containers(disk)).toEqual([''])
  })

  test('is the old one where the removal is lost, also when there is a new one by its name', async () => {
    const disk = powerLossBackend({ directorySync: false, files: new Map([['a', text('old')]]) })
    await disk.remove('a')
    await durable(disk, 'a', 'new')
    expect(containers(disk)).toEqual(['', 'a=new', 'a=old'])
  })
})

describe('calls at the same time', () => {
  test('are each in doubt until they resolve', async () => {
    const disk = powerLossBackend()
    const left: string[][] = []
    disk.onStep(({ phase, name }) => {
      if (phase === 'during' && name === 'b') left.push(containers(disk))
    })
    await Promise.all([disk.create('a'), disk.create('b')])
    expect(left).toEqual([['', 'a=', 'a= b=', 'b=']])
    expect(containers(disk)).toEqual(['a= b='])
  })

  test('are in doubt also where the lock is taken meanwhile', async () => {
    const disk = powerLossBackend()
    const left: string[][] = []
    disk.onStep(async ({ kind, phase }) => {
      if (kind !== 'create' || phase !== 'during') return
      await disk.lock()
      left.push(containers(disk))
    })
    await disk.create('a')
    expect(left).toEqual([['', 'a=']])
    expect(containers(disk)).toEqual(['a='])
  })
})
