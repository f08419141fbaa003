import type { Key, Reader } from '../contender.js'
import type { Latencies } from '../measure/latencies.js'

/** To look at the clock takes a good part of the time of a synchronous read, so few of them are timed one by one. */
const TIMED_ONE_IN = 32

/** Reads until that time, and gives how many items. */
export function readSync(reader: Reader, keys: readonly Key[], end: number, latencies: Latencies): number {
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
export async function readAsync(
  reader: Reader,
  keys: readonly Key[],
  inFlight: number,
  end: number,
  latencies: Latencies,
): Promise<number> {
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
