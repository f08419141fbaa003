import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { allContenders, storeAndLimits } from '../src/contenders.js'
import { SeededItems } from '../src/seeded-items.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'varve-bench-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
})

// What is compared must be the same thing.
describe.each(storeAndLimits.map((contender) => ({ name: contender.name, contender })))('the contender $name', ({ contender }) => {
  it.each([
    { size: 100, count: 15_000 },
    { size: 300_000, count: 7 },
  ])('gives back what it was filled with: $count items of $size bytes', async (dataset) => {
    const items = new SeededItems(dataset.size)
    await contender.fill(directory, dataset)
    const reader = await contender.open(directory, dataset)
    for (const n of [0, 3, dataset.count - 1]) {
      expect(items.get(n).equals(reader.readSync!(reader.key(n))!)).toBe(true)
      if (reader.read) expect(items.get(n).equals((await reader.read(reader.key(n)))!)).toBe(true)
    }
    let n = 0
    await reader.scan!((item) => {
      if (!items.get(n++).equals(item)) expect.fail(`item ${n - 1} differs`)
    })
    expect(n).toBe(dataset.count)
    await reader.close()
  })

  it('takes items in every way that it does not say it can not', async () => {
    const items = new SeededItems(1024)
    const { cannot } = contender
    const writer = await contender.create(directory)
    const key = await writer.add!(items.get(0))
    await writer.addMany(items.slice(1, 3000))
    if (!cannot.readWhileWriting) expect(items.get(0).equals((await writer.read!(key))!)).toBe(true)
    const last = await writer.add!(items.get(3000))
    if (!cannot.readWhileWriting) expect(items.get(3000).equals((await writer.read!(last))!)).toBe(true)
    await writer.sync()
    if (!cannot.addDurable) await Promise.all(items.slice(3000, 3064).map((item) => writer.addDurable!(item)))
    if (!cannot.commit) await writer.commit!(items.slice(0, 100))
    await writer.close()
  })
})

describe('what takes part', () => {
  it('says of each verb that it lacks why', async () => {
    for (const contender of storeAndLimits) {
      const writer = await contender.create(directory)
      for (const [verb, method] of [
        ['addDurable', writer.addDurable],
        ['commit', writer.commit],
        ['readWhileWriting', writer.read],
        ['follow', writer.follow],
        ['followBeside', contender.followBeside],
      ] as const) {
        // What a contender could do and is not asked to is a matter of its reasons; what it can't it must say.
        if (method === undefined) expect(contender.cannot[verb], `${contender.name}: ${verb}`).toBeTruthy()
      }
      await writer.close()
    }
  })

  it('has a name of its own', () => {
    expect(new Set(allContenders.map(({ name }) => name)).size).toBe(allContenders.length)
  })
})
