import type { ScannedItem, ScannedLocation, ScanPoint } from '@varve/core'

/** Everything that an iteration gives. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of iterable) found.push(one)
  return found
}

/** The next `count` things that an iterator gives. */
export async function take<T>(iterator: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  while (taken.length < count) {
    const { done, value } = await iterator.next()
    if (done) throw new Error(`it ended after ${taken.length} of ${count}`)
    taken.push(value)
  }
  return taken
}

/** The sequences of scanned items. */
export function sequencesOf(items: readonly ScannedLocation[]): number[] {
  return items.map(({ sequence }) => sequence)
}

/** The numbers from `start` to before `end`. */
export function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, n) => start + n)
}

/** What a scan within these bounds gives of everything that there is, given in order: what the documentation says, in the plainest code. */
export function within(
  all: readonly ScannedItem[],
  bounds: { from?: ScanPoint; after?: ScanPoint; to?: ScanPoint; reverse?: boolean },
): ScannedItem[] {
  const { from, after, to, reverse } = bounds
  const kept = all.filter((one) => (!from || order(one, from) >= 0) && (!after || order(one, after) > 0) && (!to || order(one, to) < 0))
  return reverse ? kept.reverse() : kept
}

function order({ location, sequence, timestamp }: ScannedLocation, point: ScanPoint): number {
  if ('sequence' in point) return sequence - point.sequence
  if ('time' in point) return timestamp - point.time
  return location.index - point.location.index || location.position - point.location.position
}
