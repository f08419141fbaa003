import { createInterface } from 'node:readline'
import { type Random, seededRandom } from '@varve/backend/faults'
import { Varve, VarveError } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { pick } from '../programs/pick.js'
import type { FollowJob } from './job.js'
import { assertIs, recognise } from './observe-store.js'
import { report, type ShownItem } from './report.js'
import { lookSettings } from './settings.js'

// What a reader tries to read again, of all that it was shown.
const REMEMBERED = 2000

/**
 * Follows a store, read-only, until stdin tells up to which sequence; beside that it reads items it was shown before, at random, and scans from a random place to
 * the end. Everything is told, for the parent knows what may be missing.
 */
export async function follow({ directory, seed }: FollowJob): Promise<void> {
  const random = seededRandom(seed)
  const store = await openWhenThere(directory)
  const closing = new AbortController()
  const seen: ShownItem[] = []
  const reading = readAtRandom(store, seen, random, closing.signal)
  let last = -1
  let until = Number.POSITIVE_INFINITY
  const endAt = (): void => {
    if (last >= until) closing.abort(END)
  }
  createInterface({ input: process.stdin }).on('line', (line) => {
    until = Number(line)
    endAt()
  })
  report({ is: 'done', reads: 0 })
  try {
    for await (const item of store.scan({ follow: true, signal: closing.signal })) {
      const shown = recognise(item)
      report({ is: 'followed', items: [shown] })
      seen.push(shown)
      if (seen.length > REMEMBERED) seen.splice(0, REMEMBERED / 2)
      last = shown.sequence
      endAt()
    }
  } catch (error) {
    if (error !== END) throw error
  }
  report({ is: 'done', reads: await reading })
  await store.stop()
  process.stdin.destroy()
}

const END = Symbol('end')

/** The store may be in the making. */
async function openWhenThere(directory: string): Promise<Varve> {
  for (;;) {
    try {
      return await Varve.open(fsBackend(directory), { ...lookSettings, overwrite: false, readOnly: true })
    } catch (error) {
      if (!VarveError.is(error) || error.code !== 'NOT_FOUND') throw error
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

async function readAtRandom(store: Varve, seen: readonly ShownItem[], random: Random, signal: AbortSignal): Promise<number> {
  let reads = 0
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (seen.length === 0) continue
    if (random(50) === 0) await scanFrom(store, pick(random, seen))
    const items = Array.from({ length: 1 + random(8) }, () => pick(random, seen))
    const many = random(2) === 0 ? await store.readMany(items.map(({ location }) => location)) : await one(store, items, random)
    items.forEach((item, n) => {
      if (many[n]) assertIs(many[n], item, item.location)
      else report({ is: 'missed', item })
    })
    reads += items.length
  }
  return reads
}

async function one(store: Varve, items: readonly ShownItem[], random: Random): Promise<readonly (Uint8Array | undefined)[]> {
  const found: (Uint8Array | undefined)[] = []
  for (const { location } of items) found.push(random(2) === 0 ? store.readSync(location) : await store.read(location))
  return found
}

/** Scans from an item to what is the end then; a transaction must not end with it. */
async function scanFrom(store: Varve, { location }: ShownItem): Promise<void> {
  let group: ShownItem[] = []
  for await (const item of store.scan({ from: { location } })) {
    const shown = recognise(item)
    const isSame = shown.group !== 0 && shown.life === group[0]?.life && shown.group === group[0].group
    if (!isSame) group = []
    group.push(shown)
  }
  const last = group.at(-1)
  if (last && last.group !== 0 && last.member < last.members - 1) report({ is: 'cut short', items: group })
}
