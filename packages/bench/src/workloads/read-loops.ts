import type { Key, Reader } from '../contender.js'
import { Latencies } from '../measure/latencies.js'
import type { Meter } from '../measure/meter.js'
import { MEASURED_MS, WARM_MS } from '../measure/stretches.js'
import type { Measurement } from '../workload.js'

/** To look at the clock takes a good part of the time of a synchronous read, so few of them are timed one by one. */
const TIMED_ONE_IN = 32

export interface Reads {
  readonly reader: Reader
  readonly keys: readonly Key[]
  readonly itemBytes: number
  /** 0 for synchronous reads. */
  readonly inFlight: number
  readonly scale: number
}

/** Reads the keys over and over, and measures that once it is warm. */
export async function measureReads(
  meter: Meter,
  { reader, keys, itemBytes, inFlight, scale }: Reads,
  latencies?: Latencies,
): Promise<Measurement> {
  const readFor = async (ms: number, into: Latencies) => {
    const end = performance.now() + ms * scale
    const items = inFlight === 0 ? readSync(reader, keys, end, into) : await readAsync(reader, keys, inFlight, end, into)
    return { items, bytes: items * itemBytes }
  }
  await readFor(WARM_MS, new Latencies())
  return meter.time(() => readFor(MEASURED_MS, latencies ?? new Latencies()), latencies)
}

/** Reads until that time, and gives how many items. */
function readSync(reader: Reader, keys: readonly Key[], end: number, latencies: Latencies): number {
  for (let n = 0; ; n++) {
    const key = keys[n % keys.length]
    if (n % TIMED_ONE_IN > 0) assertThere(reader.readSync!(key))
    else {
      const start = performance.now()
      if (start >= end && n > 0) return n
      assertThere(reader.readSync!(key))
      latencies.since(start)
    }
  }
}

/** The same with so many under way. */
async function readAsync(reader: Reader, keys: readonly Key[], inFlight: number, end: number, latencies: Latencies): Promise<number> {
  let begun = 0
  let isOver = false
  const read = async () => {
    while (!isOver) {
      const n = begun++
      const key = keys[n % keys.length]
      if (n % TIMED_ONE_IN > 0) assertThere(await reader.read!(key))
      else {
        const start = performance.now()
        assertThere(await reader.read!(key))
        latencies.since(start)
        isOver = start >= end
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, read))
  return begun
}

function assertThere(item: Uint8Array | undefined): void {
  if (!item) throw new Error('an item was not found')
}
