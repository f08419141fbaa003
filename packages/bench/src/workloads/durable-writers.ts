import { SeededItems } from '../seeded-items.js'
import { timed, type Workload } from '../workload.js'

const SIZE = 1024
const MS = 500

/** So many writers, each of which waits until its item is on stable storage before it adds the next, for half a second. */
function durableWriters(writers: number): Workload {
  return {
    name: `durable-${writers}`,
    title: `${writers} durable ${writers === 1 ? 'writer' : 'writers'}, 1 KiB`,
    async measure(contender, { directory, scale }) {
      const items = new SeededItems(SIZE)
      const writer = await contender.create(directory)
      let written = 0
      const measured = await timed(SIZE, async () => {
        const end = performance.now() + MS * scale
        const write = async () => {
          do await writer.addDurable(items.get(written++))
          while (performance.now() < end)
        }
        await Promise.all(Array.from({ length: writers }, write))
        return written
      })
      await writer.close()
      return measured
    },
  }
}

export const durableWriterWorkloads: readonly Workload[] = [durableWriters(64), durableWriters(1)]
