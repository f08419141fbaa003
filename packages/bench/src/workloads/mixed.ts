import type { Key } from '../contender.js'
import { Latencies } from '../measure/latencies.js'
import { Meter } from '../measure/meter.js'
import { readyPageCache } from '../measure/ready-page-cache.js'
import { SeededItems, seededNumbers } from '../seeded-items.js'
import type { Workload } from '../workload.js'

export const MIXED_MS = 2000
const READERS = 8
/** More than anybody adds of the small items. */
const READY_BYTES = 512 * 1024 * 1024
/** So often each of them lets the event loop turn, whether what it waits for did or not: nobody may starve the others. */
const OPERATIONS_A_TURN = 8

interface Sizes {
  readonly name: string
  readonly title: string
  readonly least: number
  readonly most: number
}

export const mixedSizes: readonly Sizes[] = [
  { name: 'small', title: '1-4096 B', least: 1, most: 4096 },
  { name: 'large', title: '1 KiB-1 MiB', least: 1024, most: 1024 * 1024 },
]

/**
 * One writer, which awaits every add, and eight readers of what it added so far, in one process, for two seconds: aiodiskdb's own benchmark, with its sizes
 * of items. It stops after so many bytes instead, and has one reader, which takes a rest after each read.
 */
function mixed({ name, title, least, most }: Sizes): Workload {
  return {
    name: `mixed-${name}`,
    title: `1 writer and ${READERS} readers, ${title}`,
    group: 'mixed',
    figure: 'items/s',
    needs: ['add', 'readWhileWriting'],
    itemBytes: most,
    quick: true,
    async measure(contender, { directory, scale }) {
      const items = SeededItems.of(most)
      const latencies = new Latencies()
      const next = seededNumbers(0xa10d)
      await readyPageCache(directory, READY_BYTES * scale)
      const meter = new Meter()
      const writer = await contender.create(directory)
      const measurement = await meter.time(async () => {
        const added: { readonly key: Key; readonly size: number }[] = []
        const end = performance.now() + MIXED_MS * scale
        let bytes = 0
        let reads = 0
        const write = async () => {
          do {
            const size = least + (next() % (most - least + 1))
            added.push({ key: await writer.add!(items.get(added.length).subarray(0, size)), size })
            bytes += size
            if (added.length % OPERATIONS_A_TURN === 0) await turn()
          } while (performance.now() < end)
        }
        const read = async () => {
          for (let n = 1; performance.now() < end; n++) {
            if (added.length > 0) {
              const { key, size } = added[next() % added.length]!
              const start = performance.now()
              const item = await writer.read!(key)
              latencies.since(start)
              if (item?.length !== size)
                throw new Error(`an item of ${size} bytes was read as ${item ? `${item.length} bytes` : 'nothing'}`)
              reads++
            }
            if (n % OPERATIONS_A_TURN === 0 || added.length === 0) await turn()
          }
        }
        await Promise.all([write(), ...Array.from({ length: READERS }, read)])
        return { items: added.length, bytes, reads }
      }, latencies)
      await writer.close()
      return measurement
    },
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export const mixedWorkloads: readonly Workload[] = mixedSizes.map(mixed)
