import { type Dataset, scaledDataset, timed, type Workload } from '../workload.js'

/** Reads every item in order, from files that are in the page cache. */
function scan(name: string, title: string, dataset: Dataset): Workload {
  return {
    name: `scan-${name}`,
    title: `scan ${title}`,
    dataset,
    async measure(contender, { directory, scale }) {
      const filled = scaledDataset(dataset, scale)
      const reader = await contender.open(directory, filled)
      let items = 0
      let bytes = 0
      const measurement = await timed(dataset.size, async () => {
        await reader.scan((item) => {
          items++
          bytes += item.length
        })
        return items
      })
      await reader.close()
      if (items !== filled.count || bytes !== measurement.bytes) throw new Error(`a scan gave ${items} items of ${filled.count}`)
      return measurement
    },
  }
}

export const scanWorkloads: readonly Workload[] = [
  scan('100b', '100 B', { size: 100, count: 600_000 }),
  scan('1k', '1 KiB', { size: 1024, count: 200_000 }),
]
