import { powerLossBackend } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { contentOf, durable, leftOf, letters, outcome, statesOf, text } from './bytes.js'

/** A disk with a file of `ab` that is durable, and `cd` behind it of which the sync has failed. */
async function diskWithFailedSync() {
  const disk = powerLossBackend()
  const file = await durable(disk, 'a', 'ab')
  await file.append([text('cd')], 2)
  disk.failNextSync()
  expect(await outcome(file.sync())).toBe('IO')
  return { disk, file }
}

describe('after a failed sync', () => {
  test('reads go on to show what the medium may not have', async () => {
    const { disk } = await diskWithFailedSync()
    expect(await contentOf(disk, 'a')).toBe('abcd')
    expect(new Set(leftOf(disk, 'a'))).toEqual(new Set(['ab', 'abcd', 'ab..', 'ab##']))
  })

  test('a later sync succeeds and changes nothing', async () => {
    const { disk, file } = await diskWithFailedSync()
    await file.sync()
    await (await disk.open('a')).sync()
    expect(new Set(leftOf(disk, 'a'))).toEqual(new Set(['ab', 'abcd', 'ab..', 'ab##']))
  })

  test('what is appended and synced later is durable behind a gap', async () => {
    const { disk, file } = await diskWithFailedSync()
    await file.append([text('ef')], 4)
    await file.sync()
    expect(new Set(leftOf(disk, 'a'))).toEqual(new Set(['ab..ef', 'abcdef', 'ab##ef']))
  })

  test.each([0, 1, 2])('writing everything again from %i on makes it durable', async (from) => {
    const { disk, file } = await diskWithFailedSync()
    await file.sync(from)
    expect(leftOf(disk, 'a')).toEqual(['abcd'])
    expect(statesOf(disk)[0]?.description).toBe('nothing in doubt')
  })

  test('writing a part again makes only that part durable', async () => {
    const { disk, file } = await diskWithFailedSync()
    await file.sync(3)
    expect(new Set(leftOf(disk, 'a'))).toEqual(new Set(['ab.d', 'abcd', 'ab#d']))
    expect(statesOf(disk)[0]?.description).toBe('a: 2..3 lost')
  })

  test('writing again where another sync fails makes nothing durable', async () => {
    const { disk, file } = await diskWithFailedSync()
    disk.failNextSync()
    expect(await outcome(file.sync(0))).toBe('IO')
    expect(leftOf(disk, 'a')).toContain('ab')
  })

  test('cutting back and appending again makes it durable', async () => {
    const { disk, file } = await diskWithFailedSync()
    await file.truncate(2)
    await file.sync()
    expect(leftOf(disk, 'a')).toEqual(['ab'])
    expect(statesOf(disk)[0]?.description).toBe('nothing in doubt')
    await file.append([text('cd')], 2)
    await file.sync()
    expect(leftOf(disk, 'a')).toEqual(['abcd'])
  })

  test('cutting back without a sync leaves everything in doubt', async () => {
    const { disk, file } = await diskWithFailedSync()
    await file.truncate(2)
    expect(new Set(leftOf(disk, 'a'))).toEqual(new Set(['ab', 'abcd', 'ab..', 'ab##']))
  })

  test('cutting a part off leaves the rest in doubt', async () => {
    const { disk, file } = await diskWithFailedSync()
    await file.truncate(3)
    await file.sync()
    expect(new Set(leftOf(disk, 'a'))).toEqual(new Set(['ab.', 'abc', 'ab#']))
  })

  test('a cut is lost as well, until one is synced or the rest is written again', async () => {
    for (const heal of ['cut', 'rewrite'] as const) {
      const disk = powerLossBackend()
      const file = await durable(disk, 'a', 'abcdef')
      await file.truncate(2)
      disk.failNextSync()
      expect(await outcome(file.sync())).toBe('IO')
      await file.sync()
      expect(leftOf(disk, 'a')).toEqual(['abcdef', 'ab'])
      await file.append([text('x')], 2)
      await file.sync()
      expect(new Set(leftOf(disk, 'a'))).toEqual(new Set(['abx', 'abxdef']))
      if (heal === 'cut') await file.truncate(3)
      await file.sync(heal === 'cut' ? undefined : 2)
      expect(leftOf(disk, 'a')).toEqual(['abx'])
    }
  })

  test('a state of the power cut is certain again', async () => {
    const { disk } = await diskWithFailedSync()
    for (const state of disk.crashStates()) expect(leftOf(state.backend(), 'a')).toEqual([letters(state.files.get('a'))])
  })
})

describe('failNextSync', () => {
  test('fails as many syncs as it says, with its code', async () => {
    const disk = powerLossBackend()
    const file = await disk.create('a')
    disk.failNextSync({ times: 2, code: 'NO_SPACE' })
    expect([await outcome(file.sync()), await outcome(file.sync(0)), await outcome(file.sync())]).toEqual(['NO_SPACE', 'NO_SPACE', 'done'])
  })

  test('fails only the syncs of one file where it names one', async () => {
    const disk = powerLossBackend()
    const [a, b] = [await disk.create('a'), await disk.create('b')]
    disk.failNextSync({ of: { name: 'b' } })
    expect([await outcome(a.sync()), await outcome(b.sync()), await outcome(b.sync())]).toEqual(['done', 'IO', 'done'])
  })

  test('loses what the sync was about, and not what came after it', async () => {
    const disk = powerLossBackend()
    const file = await durable(disk, 'a', '')
    await file.append([text('a')], 0)
    disk.failNextSync()
    await outcome(file.sync())
    await file.append([text('b')], 1)
    expect(new Set(leftOf(disk, 'a'))).toEqual(new Set(['', 'ab', 'a', '.b', '.', '#', '#b', 'a.', 'a#', '..', '.#']))
    await file.sync()
    expect(new Set(leftOf(disk, 'a'))).toEqual(new Set(['.b', 'ab', '#b']))
  })
})
