import { crc32 } from 'node:zlib'
import type { VarveErrorCode } from '@varve/core'
import type { FileMap } from './file-map-backend.js'
import type { GoldenStore } from './golden-store.js'

/** A copy of a golden store that is not as it was. */
export interface DamagedCopy {
  readonly golden: GoldenStore
  readonly files: FileMap
  /** What was done to it. */
  readonly what: string
  /** Where a single byte was changed, if that is all. */
  readonly byte?: { readonly file: string; readonly offset: number }
  /** What reading an item of these files says. */
  readonly codes?: ReadonlyMap<string, VarveErrorCode>
}

function copyOf(golden: GoldenStore): FileMap {
  return new Map(golden.files)
}

function withFile(golden: GoldenStore, name: string, bytes: Uint8Array): FileMap {
  return copyOf(golden).set(name, bytes)
}

export function* flippedBits(golden: GoldenStore): Generator<DamagedCopy> {
  for (const file of golden.names) {
    const before = golden.files.get(file) as Uint8Array
    for (let offset = 0; offset < before.length; offset++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = Uint8Array.from(before)
        bytes[offset] = (bytes[offset] as number) ^ (1 << bit)
        yield {
          golden,
          files: withFile(golden, file, bytes),
          what: `bit ${bit} of byte ${offset} of ${file} flipped`,
          byte: { file, offset },
        }
      }
    }
  }
}

export function* truncations(golden: GoldenStore): Generator<DamagedCopy> {
  for (const file of golden.names) {
    const before = golden.files.get(file) as Uint8Array
    for (let length = 0; length < before.length; length++) {
      yield { golden, files: withFile(golden, file, before.slice(0, length)), what: `${file} cut to ${length} bytes` }
    }
  }
}

const TAILS = [1, 2, 7, 8, 9, 43, 44, 45, 52, 53, 63, 64, 100, 511, 512, 4096, 70_000]

export function* tails(golden: GoldenStore): Generator<DamagedCopy> {
  for (const file of golden.names) {
    const before = golden.files.get(file) as Uint8Array
    const kinds: Readonly<Record<string, (at: number) => number>> = {
      zeros: () => 0,
      ones: () => 0xff,
      garbage: (at) => (at * 167 + (at >> 3) * 31 + 5) & 0xff,
      'its own bytes again': (at) => before[at % before.length] as number,
    }
    for (const [kind, byteAt] of Object.entries(kinds)) {
      for (const length of TAILS) {
        const bytes = new Uint8Array(before.length + length)
        bytes.set(before)
        for (let at = 0; at < length; at++) bytes[before.length + at] = byteAt(at)
        yield { golden, files: withFile(golden, file, bytes), what: `${length} bytes of ${kind} behind ${file}` }
      }
    }
  }
}

const EXTENTS = [2, 9, 16, 44, 64, 128, 256]

/** Stretches that are zero, or hold garbage: lost sectors, at every place. */
export function* stretches(golden: GoldenStore): Generator<DamagedCopy> {
  for (const file of golden.names) {
    const before = golden.files.get(file) as Uint8Array
    for (const length of EXTENTS) {
      for (let offset = 0; offset + length <= before.length; offset += Math.max(3, length >> 3)) {
        for (const fill of ['zeros', 'garbage'] as const) {
          const bytes = Uint8Array.from(before)
          for (let at = offset; at < offset + length; at++)
            bytes[at] = fill === 'zeros' ? 0 : (bytes[at] as number) ^ (1 + ((at * 37) & 0x7f))
          yield { golden, files: withFile(golden, file, bytes), what: `${length} bytes of ${fill} at ${offset} of ${file}` }
        }
      }
    }
  }
}

/** Files that are not those of their names. `other` is another store of the same program. */
export function* mixedUp(golden: GoldenStore, other: GoldenStore): Generator<DamagedCopy> {
  const { names } = golden
  const bytesOf = (name: string): Uint8Array => golden.files.get(name) as Uint8Array
  const copy = (what: string, files: FileMap, code: VarveErrorCode, ...of: readonly string[]): DamagedCopy => {
    return { golden, files, what, codes: new Map(of.map((name) => [name, code])) }
  }
  // A first one that is missing was dropped, for all anybody can tell, and the last one not made yet.
  for (const name of names.slice(1, -1)) {
    const files = copyOf(golden)
    files.delete(name)
    yield copy(`${name} missing`, files, 'FILE_MISSING', name)
  }
  for (const [n, a] of names.entries()) {
    for (const b of names.slice(n + 1)) {
      yield copy(`${a} and ${b} swapped`, withFile(golden, a, bytesOf(b)).set(b, bytesOf(a)), 'FOREIGN_FILE', a, b)
      yield copy(`${a} in place of ${b}`, withFile(golden, b, bytesOf(a)), 'FOREIGN_FILE', b)
      yield copy(`${b} in place of ${a}`, withFile(golden, a, bytesOf(b)), 'FOREIGN_FILE', a)
    }
    yield copy(`${a} once more behind the last file`, withFile(golden, nameBehind(names), bytesOf(a)), 'FOREIGN_FILE')
    yield copy(`${a} of another store`, withFile(golden, a, other.files.get(a) as Uint8Array), 'FOREIGN_FILE', a)
    yield copy(`${a} with other genesis bytes`, withFile(golden, a, withHeader(bytesOf(a), 12, 0x58)), 'GENESIS_MISMATCH', a)
    yield copy(`${a} of a newer version`, withFile(golden, a, withHeader(bytesOf(a), 8, 2)), 'UNSUPPORTED_VERSION', a)
  }
}

function nameBehind(names: readonly string[]): string {
  const last = names[names.length - 1] as string
  return `data${String(Number(last.slice(4, 9)) + 1).padStart(5, '0')}.dat`
}

/** A file with one byte of its header changed, and the checksum that fits. */
function withHeader(before: Uint8Array, at: number, value: number): Uint8Array {
  const bytes = Uint8Array.from(before)
  bytes[at] = value
  new DataView(bytes.buffer).setUint32(60, crc32(bytes.subarray(0, 60)), true)
  return bytes
}
