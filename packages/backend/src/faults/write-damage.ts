import type { FileImage, FileWrite } from './file-operation.js'
import { type Random, seededRandom } from './seeded-random.js'

/** A part of a write and what the medium holds there: the new bytes, zeros, or garbage. What is in no span is as it was before the write. */
interface Span {
  readonly from: number
  readonly to: number
  readonly holds: 'new' | 'zero' | 'garbage'
}

/** @internal A way in which a write that is not synced got to the medium in part. */
export interface WriteDamage {
  readonly label: string
  readonly spans: readonly Span[]
  /** The file's size is at least this. */
  readonly size: number
}

/** @internal Every way, sector by sector. `covers`: the write stands on older bytes, which may show through. */
export function* damagesOf(
  write: FileWrite,
  covers: boolean,
  options: { readonly sectorSize: number; readonly maxSectors: number; readonly seed: number },
): Generator<WriteDamage> {
  const { at: start } = write
  const end = start + write.bytes.length
  const whole = (from: number, to: number, holds: Span['holds']): Span[] => (from < to ? [{ from, to, holds }] : [])
  yield { label: 'only its size is there, over zeros', spans: whole(start, end, 'zero'), size: end }
  yield { label: 'garbage', spans: whole(start, end, 'garbage'), size: end }
  if (covers) yield { label: 'old bytes', spans: [], size: end }
  for (const { from, to } of chosenSectors(write, options)) {
    const before = whole(start, from, 'new')
    const behind = whole(to, end, 'new')
    if (from > start) {
      yield { label: `torn at ${from}`, spans: before, size: from }
      yield { label: `torn at ${from}, zeros to its end`, spans: [...before, ...whole(from, end, 'zero')], size: end }
      yield { label: `zeros up to ${from}`, spans: [...whole(start, from, 'zero'), ...whole(from, end, 'new')], size: end }
      if (covers) {
        yield { label: `torn at ${from}, old bytes to its end`, spans: before, size: end }
        yield { label: `old bytes up to ${from}`, spans: whole(from, end, 'new'), size: end }
      }
    }
    yield { label: `torn at ${to}, garbage from ${from} on`, spans: [...before, { from, to, holds: 'garbage' }], size: to }
    yield { label: `zeros ${from} to ${to}`, spans: [...before, { from, to, holds: 'zero' }, ...behind], size: end }
    yield { label: `garbage ${from} to ${to}`, spans: [...before, { from, to, holds: 'garbage' }, ...behind], size: end }
    if (covers) yield { label: `old bytes ${from} to ${to}`, spans: [...before, ...behind], size: end }
  }
}

/** @internal Each sector for itself, and any size. */
export function randomDamage(write: FileWrite, sectorSize: number, random: Random): WriteDamage {
  const spans: Span[] = []
  let pattern = ''
  const end = write.at + write.bytes.length
  for (let from = write.at; from < end; from = sectorEnd(from, sectorSize)) {
    const to = Math.min(end, sectorEnd(from, sectorSize))
    const holds = (['new', 'new', 'zero', 'garbage', undefined] as const)[random(5)]
    if (holds) spans.push({ from, to, holds })
    pattern += holds === undefined ? 'o' : holds[0]
  }
  const size = write.at + random(write.bytes.length + 1)
  return { label: `sectors ${pattern} (new, zero, garbage, old), at least to ${size}`, spans, size }
}

/** @internal */
export function applyDamage(image: FileImage, write: FileWrite, damage: WriteDamage, seed: number): void {
  for (const { from, to, holds } of damage.spans) {
    if (holds === 'new') image.write(write.bytes.subarray(from - write.at, to - write.at), from)
    else image.write(holds === 'zero' ? new Uint8Array(to - from) : garbage(from, to, seed), from)
  }
  image.extend(damage.size)
}

/** Of the place, so that a sector is the same garbage in all states and equal states are found out. */
function garbage(from: number, to: number, seed: number): Uint8Array {
  const random = seededRandom(seed ^ Math.imul(from + 1, 0x9e3779b1))
  return Uint8Array.from({ length: to - from }, () => random(256))
}

function* chosenSectors(write: FileWrite, options: { sectorSize: number; maxSectors: number; seed: number }) {
  const { sectorSize, maxSectors } = options
  const end = write.at + write.bytes.length
  const first = Math.floor(write.at / sectorSize)
  const count = Math.ceil(end / sectorSize) - first
  const edge = Math.floor(maxSectors / 3)
  const chosen = new Set<number>()
  const random = seededRandom(options.seed ^ write.at)
  for (let sector = 0; sector < Math.min(count, count > maxSectors ? edge : count); sector++) chosen.add(sector)
  if (count > maxSectors) {
    for (let sector = count - edge; sector < count; sector++) chosen.add(sector)
    while (chosen.size < maxSectors) chosen.add(random(count))
  }
  for (const sector of chosen) {
    const from = (first + sector) * sectorSize
    yield { from: Math.max(write.at, from), to: Math.min(end, from + sectorSize) }
  }
}

function sectorEnd(at: number, sectorSize: number): number {
  return (Math.floor(at / sectorSize) + 1) * sectorSize
}
