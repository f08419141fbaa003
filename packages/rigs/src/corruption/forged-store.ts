import { crc32 } from 'node:zlib'
import type { Random } from '@varve/backend/faults'
import type { FileMap } from './file-map-backend.js'
import type { GoldenStore } from './golden-store.js'

/** A field of a header: where it is, and how many bytes it has. */
type Field = readonly [at: number, size: 2 | 4 | 8]

const FILE_FIELDS: readonly Field[] = [
  [10, 2],
  [32, 4],
  [36, 4],
  [40, 8],
  [48, 4],
  [52, 4],
  [56, 4],
]
const BLOCK_FIELDS: readonly Field[] = [
  [4, 4],
  [8, 4],
  [12, 4],
  [16, 8],
  [24, 8],
  [32, 4],
  [36, 4],
]
const LEADING_ASTRAY = [
  0n,
  1n,
  43n,
  44n,
  108n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0xfffffffen,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 64n - 1n,
]

/** A golden store of which somebody has changed a few header fields, and made their checksums fit. Its records are as they were. */
export function forgedStore(golden: GoldenStore, random: Random): FileMap {
  const files: FileMap = new Map([...golden.files].map(([name, bytes]) => [name, Uint8Array.from(bytes)]))
  for (let n = 1 + random(3); n > 0; n--) {
    const name = golden.names[random(golden.names.length)] as string
    const bytes = files.get(name) as Uint8Array
    const view = new DataView(bytes.buffer)
    const blocks = golden.blocks.get(name) ?? []
    const block = random(3) === 0 ? undefined : blocks[random(blocks.length)]
    if (!block) {
      change(view, 0, FILE_FIELDS[random(FILE_FIELDS.length)] as Field, random)
      view.setUint32(60, crc32(bytes.subarray(0, 60)), true)
      continue
    }
    change(view, block.offset, BLOCK_FIELDS[random(BLOCK_FIELDS.length)] as Field, random)
    // Once more what FORMAT.md says of the seed, where the block stands by the file's header as it is now.
    const place = new Uint8Array(8)
    const position = view.getUint32(36, true) + block.offset - 64
    new DataView(place.buffer).setUint32(0, view.getUint32(32, true), true)
    new DataView(place.buffer).setUint32(4, position >>> 0, true)
    const seed = crc32(place, crc32(bytes.subarray(16, 32)))
    view.setUint32(block.offset + 40, crc32(bytes.subarray(block.offset, block.offset + 40), seed), true)
  }
  return files
}

function change(view: DataView, at: number, [field, size]: Field, random: Random): void {
  const old =
    size === 8
      ? view.getBigUint64(at + field, true)
      : BigInt(size === 4 ? view.getUint32(at + field, true) : view.getUint16(at + field, true))
  const choice = random(3)
  const value =
    choice === 0
      ? old + BigInt(random(5)) - 2n
      : choice === 1
        ? BigInt(random(1000))
        : (LEADING_ASTRAY[random(LEADING_ASTRAY.length)] as bigint)
  if (size === 8) view.setBigUint64(at + field, BigInt.asUintN(64, value), true)
  else if (size === 4) view.setUint32(at + field, Number(BigInt.asUintN(32, value)), true)
  else view.setUint16(at + field, Number(BigInt.asUintN(16, value)), true)
}
