import { beforeAll, describe, expect, test } from 'vitest'
import { type CheckDepth, checkCopy } from '../src/corruption/check-copy.js'
import { type DamagedCopy, flippedBits, mixedUp, stretches, tails, truncations } from '../src/corruption/damaged-copy.js'
import { type GoldenStore, goldenStore, goldenStores } from '../src/corruption/golden-store.js'
import { printCount } from './print-count.js'

const timeout = 600_000
const READ: CheckDepth = { reverse: false, repair: false }
const ALL: CheckDepth = { reverse: true, repair: true }
// What a repair comes to, and a scan backwards, is looked at for one of so many: it takes five times as long as reading.
const SAMPLE = 29

let stores: GoldenStore[]

beforeAll(async () => {
  stores = await goldenStores()
})

/** Checks all of the copies, or one of `every`, each `sample`-th of them in every way. */
async function checkAll(copies: Iterable<DamagedCopy>, name: string, { every = 1, sample = SAMPLE } = {}): Promise<number> {
  const counts = { reads: 0, repairs: 0 }
  let seen = 0
  let checked = 0
  for (const copy of copies) {
    if (seen++ % every !== 0) continue
    await checkCopy(copy, checked++ % sample === 0 ? ALL : READ, counts)
  }
  printCount(name, checked)
  printCount('items read from damaged stores', counts.reads)
  printCount('damaged stores repaired', counts.repairs)
  return checked
}

function bytesOf({ files }: GoldenStore): number {
  return [...files.values()].reduce((sum, { length }) => sum + length, 0)
}

describe.each(['plain', 'transactions', 'trimmed'])(
  'never wrong bytes, every intact item readable, what is lost named, and repaired: the %s store with',
  (name) => {
    const golden = (): GoldenStore => stores.find((store) => store.name === name) as GoldenStore

    test('each of its bits flipped', { timeout }, async () => {
      expect(await checkAll(flippedBits(golden()), 'bits flipped')).toBe(bytesOf(golden()) * 8)
    })

    test('each of its files cut to each length', { timeout }, async () => {
      expect(await checkAll(truncations(golden()), 'lengths that a file was cut to', { sample: 7 })).toBe(bytesOf(golden()))
    })

    test('zeros, ones, garbage and its own bytes behind each of its files', { timeout }, async () => {
      expect(await checkAll(tails(golden()), 'tails appended', { sample: 5 })).toBeGreaterThan(100)
    })

    test('sectors of every size lost at many places', { timeout }, async () => {
      expect(await checkAll(stretches(golden()), 'stretches overwritten', { every: 3, sample: 9 })).toBeGreaterThan(500)
    })

    test('files swapped, copied under another name, missing, of another store, with other genesis bytes, of a newer version', {
      timeout,
    }, async () => {
      const other = await goldenStore(name, 9)
      expect(await checkAll(mixedUp(golden(), other), 'files mixed up', { sample: 1 })).toBeGreaterThan(20)
    })
  },
)
