import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { contenders } from '../src/contenders.js'
import { SeededItems } from '../src/seeded-items.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'varve-bench-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
})

// What is compared must be the same thing.
describe.each(contenders.map((contender) => ({ name: contender.name, contender })))('the contender $name', ({ contender }) => {
  it.each([
    { size: 100, count: 15_000 },
    { size: 300_000, count: 7 },
  ])('gives back what it was filled with: $count items of $size bytes', async (dataset) => {
    const items = new SeededItems(dataset.size)
    await contender.fill(directory, dataset)
    const reader = await contender.open(directory, dataset)
    for (const n of [0, 3, dataset.count - 1]) {
      expect(Buffer.from(reader.readSync(n)).equals(items.get(n))).toBe(true)
      expect(Buffer.from(await reader.read(n)).equals(items.get(n))).toBe(true)
    }
    let n = 0
    await reader.scan((item) => {
      if (!Buffer.from(item).equals(items.get(n++))) expect.fail(`item ${n - 1} differs`)
    })
    expect(n).toBe(dataset.count)
    await reader.close()
  })

  it('takes items in every way it is asked to', async () => {
    const items = new SeededItems(1024)
    const writer = await contender.create(directory)
    await writer.add(items.get(0))
    await writer.addMany(items.slice(1, 3000))
    await writer.sync()
    await Promise.all(items.slice(3000, 3064).map((item) => writer.addDurable(item)))
    await writer.close()
  })
})
