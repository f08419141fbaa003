import { setTimeout as delay } from 'node:timers/promises'
import type { Contender } from '../contender.js'
import { Latencies } from '../measure/latencies.js'
import { Meter } from '../measure/meter.js'
import { type Measurement, scaled, type Workload } from '../workload.js'

const SIZE = 100
const ITEMS = 300
const PAUSE_MS = 4
const IDLE_MS = 5000

const both = { group: 'follow', itemBytes: SIZE, durable: 'each', quick: true } as const

/** Durable adds, one every few milliseconds, and how long after each began a follower saw its item. */
const inProcess: Workload = {
  ...both,
  name: 'follow-in-process',
  title: 'follow, in the same process',
  figure: 'p99 ms',
  needs: ['follow', 'addDurable'],
  async measure(contender, { directory, scale }) {
    const latencies = new Latencies()
    const meter = new Meter()
    const writer = await contender.create(directory)
    const total = scaled(ITEMS, scale)
    const measurement = await meter.time(async () => {
      let seen = 0
      const { promise: allSeen, resolve } = withResolvers()
      const following = await writer.follow!((item) => {
        latencies.record(ageMs(item))
        if (++seen === total) resolve()
      })
      for (let n = 0; n < total; n++) {
        await writer.addDurable!(stamped())
        await delay(PAUSE_MS)
      }
      await allSeen
      await following.close()
      return { items: total, bytes: total * SIZE }
    }, latencies)
    await writer.close()
    return measurement
  },
}

/** The same with the follower in another process. */
const beside: Workload = {
  ...both,
  name: 'follow-beside',
  title: 'follow, from another process',
  figure: 'p99 ms',
  needs: ['followBeside', 'addDurable'],
  async measure(contender, { directory, scale, beside }) {
    const writer = await contender.create(directory)
    const follower = beside({ kind: 'follow' })
    await follower.ready
    for (let n = scaled(ITEMS, scale); n > 0; n--) {
      await writer.addDurable!(stamped())
      await delay(PAUSE_MS)
    }
    await writer.addDurable!(lastOne())
    const measurement = await follower.done
    await writer.close()
    return measurement
  },
}

/** What a follower in another process costs while nothing is added. */
const idle: Workload = {
  ...both,
  name: 'follow-idle',
  title: 'CPU of a follower in another process while nothing comes',
  figure: 'CPU %',
  needs: ['followBeside', 'addDurable'],
  async measure(contender, { directory, beside }) {
    const writer = await contender.create(directory)
    const follower = beside({ kind: 'follow' })
    await follower.ready
    await writer.addDurable!(stamped())
    await delay(IDLE_MS)
    await writer.addDurable!(lastOne())
    const measurement = await follower.done
    await writer.close()
    return measurement
  },
}

export const followWorkloads: readonly Workload[] = [inProcess, beside, idle]

/** The other process: follows until it sees the last one. What is measured begins with the first item. */
export async function followUntilLast(contender: Contender, directory: string, onReady: () => void): Promise<Measurement> {
  const latencies = new Latencies()
  // Seldom: what an idle process costs would else be what it costs to measure it.
  const meter = new Meter({ resolutionMs: 100 })
  const first = withResolvers()
  const last = withResolvers()
  let seen = 0
  const following = await contender.followBeside!(directory, (item) => {
    if (isLast(item)) return last.resolve()
    latencies.record(ageMs(item))
    seen++
    first.resolve()
  })
  onReady()
  await first.promise
  const measurement = await meter.time(async () => {
    await last.promise
    return { items: seen, bytes: seen * SIZE }
  })
  await following.close()
  const { summary } = latencies
  return { ...measurement, ...(summary && { latency: summary }) }
}

/** An item that carries the time, by a clock that all processes of a machine share. */
function stamped(): Buffer {
  const item = Buffer.alloc(SIZE, 1)
  item.writeBigUInt64LE(process.hrtime.bigint())
  return item
}

function lastOne(): Buffer {
  return Buffer.alloc(SIZE)
}

function isLast(item: Uint8Array): boolean {
  return stampOf(item) === 0n
}

function ageMs(item: Uint8Array): number {
  return Number(process.hrtime.bigint() - stampOf(item)) / 1e6
}

function stampOf(item: Uint8Array): bigint {
  return Buffer.from(item.buffer, item.byteOffset, item.length).readBigUInt64LE()
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
