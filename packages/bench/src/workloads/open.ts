import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Contender } from '../contender.js'
import { Meter } from '../measure/meter.js'
import { type Dataset, scaledDataset, type Workload } from '../workload.js'

const ITEM_BYTES = 16 * 1024
const MiB = 1024 * 1024

/** Opens, for writing, a store of so many bytes; its files are in the page cache, and the process has opened another store before. */
function open(name: string, title: string, bytes: number, after: 'stop' | 'kill'): Workload {
  const dataset: Dataset = { size: ITEM_BYTES, count: bytes / ITEM_BYTES, ...(after === 'kill' && { killed: true }) }
  return {
    name: `open-${after === 'kill' ? 'killed-' : ''}${name}`,
    title: `open ${title} after a ${after === 'kill' ? 'kill' : 'clean stop'}`,
    group: `open after a ${after === 'kill' ? 'kill' : 'clean stop'}`,
    figure: 'ms',
    needs: after === 'kill' ? ['reopen', 'copied', 'addMany', 'add'] : ['reopen'],
    itemBytes: ITEM_BYTES,
    extent: { of: 'open', amount: bytes },
    dataset,
    ...(bytes > 1024 * MiB && { withoutPeers: true }),
    // The first one to open it recovers it.
    ...(after === 'kill' && { ownCopy: true }),
    ...(bytes === 100 * MiB && { quick: true }),
    async measure(contender, { directory, scale }) {
      await openAnother(contender)
      const meter = new Meter()
      let writer: { close(): Promise<void> } | undefined
      const measurement = await meter.time(async () => {
        writer = await contender.create(directory, scaledDataset(dataset, scale).count)
        return { items: 1, bytes: 0 }
      })
      await writer?.close()
      return measurement
    },
  }
}

/** An empty store, so that no contender's own code has to be loaded and compiled while the clock runs. */
async function openAnother(contender: Contender): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'varve-bench-'))
  try {
    for (let n = 0; n < 2; n++) await (await contender.create(directory)).close()
  } finally {
    await rm(directory, { recursive: true })
  }
}

const sizes: readonly [name: string, title: string, bytes: number][] = [
  ['1m', '1 MiB', MiB],
  ['100m', '100 MiB', 100 * MiB],
  ['1g', '1 GiB', 1024 * MiB],
  ['10g', '10 GiB', 10_240 * MiB],
]

export const openWorkloads: readonly Workload[] = (['stop', 'kill'] as const).flatMap((after) =>
  sizes.map(([name, title, bytes]) => open(name, title, bytes, after)),
)
