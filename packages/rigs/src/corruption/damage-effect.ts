import type { DamagedCopy } from './damaged-copy.js'
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

type Files = ReadonlyMap<string, Uint8Array>

/** What became of a golden store. */
export function effectOf({ golden, files, codes }: DamagedCopy): DamageEffect {
  const torn = tornPlace(golden, files)
  const intact = golden.items.filter(({ file, offset, end }) => {
    return !codes?.has(file) && isSame(golden.files.get(file), files.get(file), offset, end)
  })
  const cut = torn ? golden.items.filter(({ file, offset }) => !isBefore(golden, { file, offset }, torn)) : []
  const isDamaged =
    golden.names.some((name) => isDurablyChanged(golden, name, files.get(name), torn)) ||
    [...files.keys()].some((name) => !golden.files.has(name))
  return { intact: new Set(intact), cut: new Set(cut), isDamaged }
}

interface StoredPlace {
  readonly file: string
  readonly offset: number
}

/**
 * Where recovery would cut: where the first block of the last file begins that is damaged and of which no block behind it says that it was
 * durable, or the transaction that this block is part of.
 */
function tornPlace(golden: GoldenStore, files: Files): StoredPlace | undefined {
  const last = golden.names[golden.names.length - 1] as string
  const before = golden.files.get(last) as Uint8Array
  const bytes = files.get(last)
  const blocks = golden.blocks.get(last) as readonly StoredBlock[]
  const isProven = ({ offset }: StoredBlock): boolean =>
    blocks.some((other) => other.offset > offset && other.durableOffset > offset && isSame(before, bytes, other.offset, other.offset + 44))
  const torn = blocks.find((block) => !isSame(before, bytes, block.offset, block.end) && !isProven(block))
  if (!torn) return undefined
  const all = golden.names.flatMap((file) => (golden.blocks.get(file) as readonly StoredBlock[]).map((block) => ({ file, block })))
  let at = all.findIndex(({ block }) => block === torn)
  while (at > 0 && all[at - 1]?.block.continues) at--
  const { file, block } = all[at] as (typeof all)[number]
  return { file, offset: block.offset }
}

function isBefore(golden: GoldenStore, a: StoredPlace, b: StoredPlace): boolean {
  return a.file === b.file ? a.offset < b.offset : golden.names.indexOf(a.file) < golden.names.indexOf(b.file)
}

function isDurablyChanged(golden: GoldenStore, name: string, bytes: Uint8Array | undefined, torn: StoredPlace | undefined): boolean {
  const before = golden.files.get(name) as Uint8Array
  const end = torn && !isBefore(golden, { file: name, offset: 0 }, torn) ? 0 : name === torn?.file ? torn.offset : before.length
  if (!bytes) return true
  const isLast = name === golden.names[golden.names.length - 1]
  // A file that was created and never used is no damage, as it is removed.
  if (isLast && torn && bytes.length <= 64 && end <= 64 && !isSame(before, bytes, 0, 64)) return false
  // What may be cut may be changed, but for the header of its file, and not in a file that was complete.
  if (!isSame(before, bytes, 0, Math.max(64, end))) return true
  // Behind the last file's end it looks like a write that was never finished.
  return !isLast && bytes.subarray(before.length).some((byte) => byte !== 0)
}

function isSame(before: Uint8Array | undefined, after: Uint8Array | undefined, from: number, to: number): boolean {
  if (!before || !after || after.length < to) return false
  for (let at = from; at < to; at++) if (before[at] !== after[at]) return false
  return true
}
