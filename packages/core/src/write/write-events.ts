import type { WriteEvent } from '../events.js'
import type { Location } from '../location.js'
import type { BlockEntry } from './appender.js'
import type { Block } from './block.js'

/** What `write` tells of these blocks: one event a file. The table of locations is made now, as the blocks' memory is used again soon. */
export function writeEvents(entries: readonly BlockEntry[], durable: boolean): Omit<WriteEvent, 'timestamp'>[] {
  const byFile = new Map<number, Block[]>()
  for (const { block } of entries) {
    const blocks = byFile.get(block.index)
    if (blocks) blocks.push(block)
    else byFile.set(block.index, [block])
  }
  return [...byFile].map(([index, blocks]) => {
    const first = blocks[0] as Block
    const last = blocks[blocks.length - 1] as Block
    const count = blocks.reduce((sum, block) => sum + block.count, 0)
    const table = compactTable(blocks, count)
    return {
      index,
      position: first.position,
      bytes: last.end - first.position,
      count,
      sequence: first.sequence,
      durable,
      locations: () => expand(index, table),
    }
  })
}

/** Position and size of each record, in turn. */
function compactTable(blocks: readonly Block[], count: number): Uint32Array {
  const table = new Uint32Array(2 * count)
  let at = 0
  for (const block of blocks) {
    block.eachRecord((position, size) => {
      table[at++] = position
      table[at++] = size
    })
  }
  return table
}

function expand(index: number, table: Uint32Array): readonly Location[] {
  const locations: Location[] = []
  for (let at = 0; at < table.length; at += 2) {
    locations.push({ index, position: table[at] as number, size: table[at + 1] as number })
  }
  return locations
}
