import { powerLossBackend } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { container, durable, leftOf, letters, statesOf, text } from './bytes.js'

/** A disk with a file `a` that is durable, and a handle on it. */
async function diskWith(content: string) {
  const disk = powerLossBackend()
  return { disk, file: await durable(disk, 'a', content) }
}

describe('what is durable', () => {
  test('is there in the one state that there is', async () => {
    const { disk } = await diskWith('abc')
    expect(statesOf(disk).map(container)).toEqual(['a=abc'])
    expect(statesOf(disk)[0]?.description).toBe('nothing in doubt')
  })

  test('survives beside everything that is not', async () => {
    const { disk, file } = await diskWith('abcdef')
    await file.append([text('ghijklmnopqrstuvwxyz')], 6)
    for (const left of leftOf(disk, 'a', { sectorSize: 4, samples: 100 })) expect(left).toMatch(/^abcdef/)
  })
})

describe('an append that is not synced', () => {
  test('is lost, there, torn at every sector, zeroed or garbage, and its size may be there without it', async () => {
    const { disk, file } = await diskWith('ab')
    // Sectors of four bytes begin at 4 and 8.
    await file.append([text('cdef'), text('ghij')], 2)
    expect(new Set(leftOf(disk, 'a', { sectorSize: 4 }))).toEqual(
      new Set([
        'ab',
        'abcdefghij',
        // only the size
        'ab........',
        'ab########',
        // torn, and torn with the size of the whole
        'abcd',
        'abcdefgh',
        'abcd......',
        'abcdefgh..',
        // in the other order
        'ab..efghij',
        'ab......ij',
        // torn in garbage
        'ab##',
        'abcd####',
        'abcdefgh##',
        // one sector
        'ab##efghij',
        'abcd....ij',
        'abcd####ij',
      ]),
    )
  })

  test('comes first with nothing of it, then with all of it', async () => {
    const { disk, file } = await diskWith('ab')
    await file.append([text('cd')], 2)
    await file.append([text('ef')], 4)
    expect(leftOf(disk, 'a').slice(0, 2)).toEqual(['ab', 'abcdef'])
  })

  test('is durable once it is synced', async () => {
    const { disk, file } = await diskWith('ab')
    await file.append([text('cd')], 2)
    await file.sync()
    expect(leftOf(disk, 'a')).toEqual(['abcd'])
  })

  test('is not made durable by closing the file, nor by a sync of another one', async () => {
    const { disk, file } = await diskWith('ab')
    await file.append([text('cd')], 2)
    await file.close()
    await (await durable(disk, 'b', 'x')).sync(0)
    expect(leftOf(disk, 'a')).toContain('ab')
  })

  test('is made durable by a sync of any handle', async () => {
    const { disk, file } = await diskWith('ab')
    await file.append([text('cd')], 2)
    await (await disk.open('a')).sync()
    expect(leftOf(disk, 'a')).toEqual(['abcd'])
  })
})

describe('several operations that are not synced', () => {
  test('survive in every subset where they are few', async () => {
    const { disk, file } = await diskWith('')
    for (const [at, letter] of ['a', 'b', 'c'].entries()) await file.append([text(letter)], at)
    const left = new Set(leftOf(disk, 'a'))
    for (const subset of ['', 'a', '.b', 'ab', '..c', 'a.c', '.bc', 'abc']) expect(left).toContain(subset)
  })

  test('survive in every prefix, with each one lost and with each one alone where they are many', async () => {
    const { disk, file } = await diskWith('')
    const all = 'abcdefghijkl'
    for (const [at, letter] of [...all].entries()) await file.append([text(letter)], at)
    const states = leftOf(disk, 'a', { maxSubsets: 100 })
    const left = new Set(states)
    for (let at = 0; at < all.length; at++) {
      expect(left).toContain(all.slice(0, at))
      expect(left).toContain(at === all.length - 1 ? all.slice(0, -1) : `${all.slice(0, at)}.${all.slice(at + 1)}`)
      expect(left).toContain(all[at]?.padStart(at + 1, '.'))
    }
    expect(states.length).toBeLessThan(200)
    expect(new Set(leftOf(disk, 'a', { maxSubsets: 100_000 })).size).toBeGreaterThan(4096)
    // Seeded choices beyond these.
    expect(leftOf(disk, 'a', { maxSubsets: 100, samples: 50 }).length).toBeGreaterThan(states.length + 50)
  })

  test('tear with what came before there, and what came behind lost or there', async () => {
    const { disk, file } = await diskWith('')
    for (const [index, part] of ['aaaa', 'bbbb', 'cccc'].entries()) await file.append([text(part)], index * 4)
    const left = new Set(leftOf(disk, 'a', { sectorSize: 2 }))
    for (const state of ['aaaabb', 'aaaabb..', 'aaaabb..cccc', 'aaaa##bbcccc', 'aaaabbbbcc', '..aabbbbcccc']) expect(left).toContain(state)
  })
})

describe('a cut that is not synced', () => {
  test('is there or not', async () => {
    const { disk, file } = await diskWith('abcdef')
    await file.truncate(2)
    expect(leftOf(disk, 'a')).toEqual(['abcdef', 'ab'])
    await file.sync()
    expect(leftOf(disk, 'a')).toEqual(['ab'])
  })

  test('lets old bytes show through what is appended behind it', async () => {
    const { disk, file } = await diskWith('abcdef')
    await file.truncate(2)
    await file.append([text('wxyz')], 2)
    const left = new Set(leftOf(disk, 'a', { sectorSize: 2 }))
    for (const state of ['abcdef', 'ab', 'abwxyz', 'abwxef', 'abcdyz', 'abwx', 'abwx..', 'abwx##']) expect(left).toContain(state)
  })

  test('has zeros behind the old bytes that show through, where its size reaches over them', async () => {
    const { disk, file } = await diskWith('abcdef')
    await file.truncate(2)
    await file.append([text('stuvwx')], 2)
    expect(leftOf(disk, 'a', { sectorSize: 2 })).toContain('abstef..')
  })

  test('lets bytes show through that were never synced either', async () => {
    const { disk, file } = await diskWith('')
    await file.append([text('abcd')], 0)
    await file.truncate(0)
    await file.append([text('wxyz')], 0)
    const left = leftOf(disk, 'a', { sectorSize: 2 })
    for (const state of ['wxcd', 'abyz']) expect(left).toContain(state)
  })

  test('never lets cut bytes come back once it is synced, also where an earlier cut was lost', async () => {
    const { disk, file } = await diskWith('abcdefgh')
    await file.truncate(4)
    disk.failNextSync()
    await file.sync().catch(() => undefined)
    await file.append([text('xx')], 4)
    await file.sync()
    expect(leftOf(disk, 'a')).toContain('abcdxxgh')
    await file.truncate(5)
    await file.sync()
    await file.append([text('zz')], 5)
    for (const left of leftOf(disk, 'a')) expect(left).toMatch(/^abcdx[z.#]*$/)
  })

  test('never lets cut bytes come back once it is synced, whatever is appended then', async () => {
    const { disk, file } = await diskWith('abcdef')
    await file.truncate(2)
    await file.sync()
    await file.append([text('wxyz')], 2)
    for (const left of leftOf(disk, 'a', { sectorSize: 1, samples: 100 })) expect(left).toMatch(/^ab[wxyz.#]*$/)
  })

  test('drops what was appended and not synced before it, also where that survives', async () => {
    const { disk, file } = await diskWith('ab')
    await file.append([text('cdef')], 2)
    await file.truncate(3)
    await file.sync()
    expect(leftOf(disk, 'a')).toEqual(['abc'])
  })
})

describe('the choice of states', () => {
  test('has each once, with a hash that tells them apart', async () => {
    const { disk, file } = await diskWith('ab')
    await file.append([text('abababababababab')], 2)
    await file.append([text('abababab')], 18)
    const states = statesOf(disk, { sectorSize: 2, samples: 50 })
    expect(new Set(states.map(container)).size).toBeGreaterThan(50)
    expect(new Set(states.map(({ hash }) => hash)).size).toBe(states.length)
    expect(new Set(states.map(({ files }) => `${files.get('a')}`)).size).toBe(states.length)
  })

  test('gives equal states of different disks equal hashes, in whatever order their files came', async () => {
    const one = powerLossBackend({
      files: new Map([
        ['a', text('x')],
        ['b', text('y')],
      ]),
    })
    const other = powerLossBackend()
    await durable(other, 'b', 'y')
    await durable(other, 'a', 'x')
    const swapped = powerLossBackend({
      files: new Map([
        ['a', text('y')],
        ['b', text('x')],
      ]),
    })
    const hashes = [one, other, swapped].map((disk) => statesOf(disk)[0]?.hash)
    expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/)
    expect(hashes[1]).toBe(hashes[0])
    expect(hashes[2]).not.toBe(hashes[0])
  })

  test('is the same for the same seed, and has other garbage and samples for another', async () => {
    const { disk, file } = await diskWith('')
    await file.append([text('abcdefghijklmnop')], 0)
    const hashes = (seed: number) => [...disk.crashStates({ seed, sectorSize: 4 })].map(({ hash }) => hash)
    expect(hashes(3)).toEqual(hashes(3))
    expect(hashes(3)).not.toEqual(hashes(4))
  })

  test('tears a large write at its first, last and some other sectors', async () => {
    const { disk, file } = await diskWith('')
    await file.append([text('x'.repeat(1600))], 0)
    const torn = (maxSectors: number) =>
      new Set(statesOf(disk, { maxSectors }).flatMap(({ description }) => /torn at (\d+)$/.exec(description)?.[1] ?? []))
    expect(torn(100).size).toBe(99)
    const some = torn(9)
    expect(some.size).toBe(8)
    for (const at of ['16', '32', '1584', '1568', '1552']) expect(some).toContain(at)
  })

  test('is of the moment it was asked for, whatever happens before it is taken', async () => {
    const { disk, file } = await diskWith('ab')
    await file.append([text('cd')], 2)
    const states = disk.crashStates({ samples: 0, sectorSize: 4 })
    await file.truncate(0)
    await file.append([text('zzzz')], 0)
    await file.sync()
    await disk.remove('a')
    const left = () => [...states].map(({ files }) => letters(files.get('a')))
    expect(left()).toEqual(['ab', 'abcd', 'ab..', 'ab##'])
    expect(left()).toEqual(['ab', 'abcd', 'ab..', 'ab##'])
  })

  test('combines the states of several files, all where they are few', async () => {
    const disk = powerLossBackend()
    for (const name of ['a', 'b']) await (await durable(disk, name, '')).append([text('xx')], 0)
    const states = statesOf(disk)
    // Nothing, all, zeros and garbage of each.
    expect(states.length).toBe(16)
    expect(statesOf(disk, { maxCombinations: 16 }).length).toBe(16)
    const few = statesOf(disk, { maxCombinations: 10 }).map(container)
    expect(few[0]).toBe('a= b=')
    for (const state of ['a=xx b=xx', 'a=xx b=', 'a=.. b=', 'a=.. b=xx', 'a= b=##', 'a=xx b=##']) expect(few).toContain(state)
  })

  test('names what became of everything in doubt', async () => {
    const { disk, file } = await diskWith('ab')
    await file.append([text('cdef')], 2)
    await file.truncate(4)
    const descriptions = statesOf(disk, { sectorSize: 4 }).map(({ description }) => description)
    expect(descriptions[0]).toBe('a: 2..6 lost, cut to 4 lost')
    expect(descriptions).toContain('a: 2..6 torn at 4, zeros to its end, cut to 4 lost')
  })

  test.each(['sectorSize', 'maxSectors', 'maxSubsets', 'maxCombinations'])('is refused with a %s of nothing', (option) => {
    expect(() => [...powerLossBackend().crashStates({ [option]: 0 })]).toThrow(RangeError)
  })
})

describe('a state at random', () => {
  test('is the same for the same seed, and all seeds together give what there is', async () => {
    const { disk, file } = await diskWith('ab')
    await file.append([text('cdefgh')], 2)
    await disk.create('b')
    expect(disk.crashState(7).hash).toBe(disk.crashState(7).hash)
    const left = new Set(Array.from({ length: 3000 }, (_, seed) => container(disk.crashState(seed, { sectorSize: 4 }))))
    for (const state of ['a=ab b=', 'a=abcdefgh b=', 'a=abcd b=', 'a=ab..efgh b=', 'a=abcd#### b=', 'a=ab###### b='])
      expect(left).toContain(state)
    for (const state of left) expect(state).toMatch(/^a=ab[a-z.#]{0,6} b=$/)
  })

  test('is the one there is where nothing is in doubt', async () => {
    const { disk } = await diskWith('ab')
    expect(container(disk.crashState(1))).toBe('a=ab')
  })
})

describe('a state', () => {
  test('gives a backend of its own, all of it durable, unlocked, and with the same options', async () => {
    const disk = powerLossBackend({ directorySync: false, synchronous: false })
    await disk.lock()
    const file = await durable(disk, 'a', 'ab')
    await disk.lock().catch(() => undefined)
    await file.append([text('cd')], 2)
    const state = [...disk.crashStates()].find((each) => letters(each.files.get('a')) === 'abcd')!
    const backend = state.backend()
    expect([backend.locked, backend.openFiles, backend.openSync]).toEqual([false, 0, undefined])
    const again = await backend.open('a')
    expect(leftOf(backend, 'a')).toEqual(['abcd'])
    await again.append([text('ef')], 4)
    await backend.create('b')
    expect(statesOf(backend).map(container)).toContain('a=abcd')
    expect(letters(state.files.get('a'))).toBe('abcd')
    expect(statesOf(state.backend()).map(container)).toEqual(['a=abcd'])
    expect(letters(disk.contents().get('a'))).toBe('abcd')
  })
})

describe('space taken ahead', () => {
  test('may stand as zeros behind the end, until a cut behind the last append is synced', async () => {
    const disk = powerLossBackend({ preallocation: 3 })
    const file = await disk.create('a')
    expect(leftOf(disk, 'a')).toEqual([''])
    await file.append([text('ab')], 0)
    expect(leftOf(disk, 'a')).toEqual(['', 'ab', '...', 'ab...', '..', '##'])
    await file.sync()
    expect(leftOf(disk, 'a')).toEqual(['ab', 'ab...'])
    await file.truncate(2)
    expect(leftOf(disk, 'a')).toContain('ab...')
    await file.sync()
    expect(leftOf(disk, 'a')).toEqual(['ab'])
    await file.append([text('c')], 2)
    await file.sync()
    expect(leftOf(disk, 'a')).toEqual(['abc', 'abc...'])
    await file.truncate(2)
    await file.append([text('c')], 2)
    await file.sync()
    expect(leftOf(disk, 'a')).toEqual(['abc', 'abc...'])
    expect(new Set(Array.from({ length: 50 }, (_, seed) => letters(disk.crashState(seed).files.get('a'))))).toEqual(
      new Set(['abc', 'abc...']),
    )
  })
})
