import type { GoldenItem, GoldenStore } from './golden-store.js'
import type { StoredBlock } from './stored-layout.js'

/** What damage does to a store, by the rules of FORMAT.md. */
export interface DamageEffect {
  /** Items of which every byte is where it was. */
  readonly intact: ReadonlySet<GoldenItem>
  /** Items that a recovery may cut off with the last write, whether they are intact or not: nothing proves that they were durable. */
  readonly cut: ReadonlySet<GoldenItem>
  /** Whether anything that was durable is changed, missing or too much. */
  readonly isDamaged: boolean
}

/** What became of a golden store. `files` are the data files as they are now. */
export function effectOf(golden: GoldenStore, files: ReadonlyMap<string, Uint8Array>): DamageEffect {
  const last = golden.names[golden.names.length - 1] as string
  const tornFrom = tornFromIn(golden, last, files.get(last))
  const intact = golden.items.filter(({ file, offset, end }) => isSame(golden.files.get(file), files.get(file), offset, end))
  const cut = golden.items.filter(({ file, offset }) => file === last && offset >= tornFrom)
  const isDamaged =
    golden.names.some((name) => isDurablyChanged(golden, name, files.get(name), name === last ? tornFrom : undefined)) ||
    [...files.keys()].some((name) => !golden.files.has(name))
  return { intact: new Set(intact), cut: new Set(cut), isDamaged }
}

/** Where in the last file the first block begins that is damaged and of which no block behind it says that it was durable. */
function tornFromIn(golden: GoldenStore, last: string, bytes: Uint8Array | undefined): number {
  const before = golden.files.get(last) as Uint8Array
  const blocks = golden.blocks.get(last) as readonly StoredBlock[]
  const isProven = ({ offset }: StoredBlock): boolean =>
    blocks.some((other) => other.offset > offset && other.durableOffset > offset && isSame(before, bytes, other.offset, other.offset + 44))
  const torn = blocks.find((block) => !isSame(before, bytes, block.offset, block.end) && !isProven(block))
  return torn ? torn.offset : before.length
}

function isDurablyChanged(golden: GoldenStore, name: string, bytes: Uint8Array | undefined, tornFrom: number | undefined): boolean {
  const before = golden.files.get(name) as Uint8Array
  if (!bytes) return true
  // A file that was created and never used is no damage, as it is removed.
  if (tornFrom !== undefined && bytes.length <= 64 && tornFrom === 64 && !isSame(before, bytes, 0, 64)) return false
  if (!isSame(before, bytes, 0, tornFrom ?? before.length)) return true
  return tornFrom === undefined && bytes.subarray(before.length).some((byte) => byte !== 0)
}

function isSame(before: Uint8Array | undefined, after: Uint8Array | undefined, from: number, to: number): boolean {
  if (!before || !after || after.length < to) return false
  for (let at = from; at < to; at++) if (before[at] !== after[at]) return false
  return true
}
