import type { Random } from '@varve/backend/faults'
import type { Location } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { pick } from '../programs/pick.js'
import type { Holding } from './holdings.js'
import { MARK_BYTES, type Mark, readMark } from './marked-item.js'
import { assertIs, recognise } from './observe-store.js'
import { report } from './report.js'
import type { Writer } from './writer.js'

/** Does something to a writer's store, and tells of it. Rejects as the store does. */
type Operation = (writer: Writer, random: Random) => Promise<void>

const add: Operation = async (writer, random) => {
  await Promise.all(randomSizes(writer, random, 4).map((size) => addOne(writer, size, false)))
}

const durableAdd: Operation = async (writer, random) => {
  await Promise.all(randomSizes(writer, random, 3).map((size) => addOne(writer, size, true)))
}

async function addOne(writer: Writer, size: number, durable: boolean): Promise<void> {
  const { mark, data } = writer.next(size)
  await telling(writer, [mark], durable, async () => [await writer.store.add(data, { durable })])
}

const addMany: Operation = async (writer, random) => {
  const sizes = randomSizes(writer, random, 6)
  const durable = random(2) === 0
  const marks: Mark[] = []
  // Taken one at a time, when the store has room for it: that is the order in which they are added.
  function* items(): Generator<Uint8Array> {
    for (const size of sizes) {
      const { mark, data } = writer.next(size)
      marks.push(mark)
      yield data
    }
  }
  await telling(writer, marks, durable, () => writer.store.addMany(items(), { durable }))
}

const transaction: Operation = async (writer, random) => {
  const items = writer.nextGroup(randomSizes(writer, random, pick(random, [2, 4, 14])))
  const started = writer.store.transaction()
  for (const { data } of items) started.add(data)
  await telling(
    writer,
    items.map(({ mark }) => mark),
    true,
    () => started.commit(),
  )
}

/** Tells of what was accepted, be it in spite of an error. */
async function telling(
  writer: Writer,
  marks: readonly Mark[],
  durable: boolean,
  action: () => Promise<readonly Location[]>,
): Promise<void> {
  try {
    writer.accepted(marks, await action(), { durable, readable: true })
  } catch (error) {
    writer.accepted(marks, (error as { readonly locations?: readonly Location[] }).locations ?? [], {
      durable: false,
      readable: marks[0]?.group === 0,
    })
    throw error
  }
}

const flush: Operation = async (writer) => {
  const before = writer.unsettled
  await writer.store.flush()
  writer.durable(before)
}

const whenDurable: Operation = async (writer, random) => {
  const mine = writer.holdings.items.filter(({ mark }) => !writer.isDurable(mark))
  if (mine.length === 0) return
  const { mark, location } = pick(random, mine)
  await Promise.all([writer.store.whenDurable(location).then(() => writer.durable([mark.number])), flush(writer, random)])
}

/** Removes something, and goes on with the oldest files while there is too much: one after the other. */
const remove: Operation = async ({ store, holdings }, random) => {
  do {
    const removal = holdings.chooseRemoval(random)
    if (!removal) return
    const { kind, index, position } = removal
    report({ is: 'removing', removal })
    holdings.begin(removal)
    try {
      await (kind === 'drop' ? store.dropIndex(index) : store[kind](index, position))
      report({ is: 'removed', removal })
    } finally {
      holdings.end(removal)
    }
  } while (holdings.isLong)
}

/** Reads what the writer knows to be there, in each of the ways there are. */
const read: Operation = async ({ store, holdings }, random) => {
  if (holdings.items.length === 0) return
  const chosen = Array.from({ length: 1 + random(6) }, () => pick(random, holdings.items))
  const one = chosen[0] as Holding
  const check = (item: Holding, data: Uint8Array | undefined): void => {
    if (data || !holdings.mayBeGone(item)) assertIs(data, item.mark, item.location)
  }
  check(one, store.readSync(one.location))
  check(one, await store.read(one.location))
  const many = await store.readMany(chosen.map(({ location }) => location))
  for (const [n, data] of many.entries()) check(chosen[n] as Holding, data)
}

const stream: Operation = async ({ store, holdings }, random) => {
  if (holdings.items.length === 0) return
  const item = pick(random, holdings.items)
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of (await store.readStream(item.location)) ?? []) pieces.push(piece)
  } catch (error) {
    // A stream that has begun can't say that there is nothing any more.
    if (!holdings.mayBeGone(item)) throw error
    return
  }
  if (pieces.length > 0 || !holdings.mayBeGone(item)) assertIs(Buffer.concat(pieces), item.mark, item.location)
}

const scan: Operation = async (writer) => {
  const shown: Mark[] = []
  for await (const item of writer.store.scan()) shown.push(recognise(item))
  // What was shown must not be lost any more.
  writer.noteShown(shown)
}

const scanBuffered: Operation = async ({ store }) => {
  for await (const { data } of store.scan({ buffered: true })) {
    if (!readMark(data)) throw new BrokenPromise('a scan of what is buffered shows wrong bytes')
  }
}

/** Sizes of items: small ones mostly, and now and then one that the buffer can't hold. */
function randomSizes({ store }: Writer, random: Random, most: number): number[] {
  const { maxFileSize } = store.options
  // The headers of file, block and record, and the closing block.
  const largest = maxFileSize - 64 - 2 * 44 - 8
  const spread = random(40) === 0 ? largest - MARK_BYTES : pick(random, [8, 60, 200])
  return Array.from({ length: 1 + random(most) }, () => MARK_BYTES + random(spread))
}

/** Operations that may run beside each other, and how often each is chosen. */
const ways: readonly (readonly [Operation, number])[] = [
  [add, 25],
  [durableAdd, 20],
  [addMany, 10],
  [transaction, 15],
  [flush, 5],
  [whenDurable, 5],
  [read, 12],
  [stream, 4],
  [scan, 2],
  [scanBuffered, 2],
]

/** Some operations that begin together: of removals one at most, so that what an interruption leaves of it can be told. */
export function chooseOperations(random: Random, { width }: { readonly width: number }): readonly Operation[] {
  const total = ways.reduce((sum, [, often]) => sum + often, 0)
  const operations = Array.from({ length: 1 + random(width) }, () => {
    let at = random(total)
    return (ways.find(([, often]) => (at -= often) < 0) as (typeof ways)[number])[0]
  })
  if (random(4) === 0) operations.push(remove)
  return operations
}
