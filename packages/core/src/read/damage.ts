import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import { FILE_HEADER_BYTES } from '../format/file-header.js'
import type { SurveyedBlock } from './file-survey.js'
import type { OpenFile } from './open-file.js'
import type { Salvaged } from './salvage.js'

/**
 * What is damaged.
 * - `file-header`: the first 64 bytes of a data file; or, where `length` is the whole file's, a file of which nothing can be made out without them.
 * - `block-header`: the 44 bytes before a block's records. The items behind it are not lost.
 * - `record`: one or more items and their headers.
 * - `closing-block`: the block that ends a session or a file. It holds no items.
 * - `gap`: a stretch in which whole blocks stood, or, with length 0, a place where some are missing.
 * - `garbage`: bytes behind the end of a file that is complete without them.
 * - `sequence`: a block that begins with another sequence than the blocks before it end with, or, at position 0 and told by `verify` alone, a file whose first sequences are in the file before it. Not what rot does: files of two copies of a store that went different ways are mixed up. No repair mends the latter.
 * - `missing-file`: a data file between others, or several in a row, that is not there.
 * - `foreign-file`: a file that has a data file's name and is none of this store: another store's, one under another one's name, a newer version's, or no regular file.
 */
export type DamageKind =
  | 'file-header'
  | 'block-header'
  | 'record'
  | 'closing-block'
  | 'gap'
  | 'garbage'
  | 'sequence'
  | 'missing-file'
  | 'foreign-file'

/** Items by their sequences: from `from` to before `to`. */
export interface SequenceRange {
  readonly from: number
  readonly to: number
}

/** A damaged, missing or extra extent of a store. */
export interface Damage {
  readonly kind: DamageKind
  /** The name of the file, and its index. */
  readonly file: string
  readonly index: number
  /** Where it begins: the logical position, as in locations. 0 for a file header or a file as a whole. */
  readonly position: number
  /** The same, counted in bytes from the file's beginning. */
  readonly offset: number
  /** In bytes. 0 where something is missing that leaves no bytes behind. */
  readonly length: number
  /** How many files in a row are missing, for `missing-file`. */
  readonly files?: number
  /** The items that are lost with it, as far as that is known; at most these, where the file behind it was trimmed. */
  readonly lost?: SequenceRange
  /** For people; may change. */
  readonly detail: string
}

interface Extent {
  readonly position: number
  readonly length: number
  readonly detail: string
  readonly lost?: SequenceRange | undefined
}

/** Damage to a part of a file. */
export function damageAt(open: OpenFile, kind: DamageKind, { position, length, detail, lost }: Extent): Damage {
  const { name: file, index } = open
  const range = lost && lost.to > lost.from ? { lost } : {}
  return { kind, file, index, position, offset: open.physical(position), length, ...range, detail }
}

/** Damage to a file's header, and with `length` to all of it. */
export function fileDamage(kind: DamageKind, file: string, index: number, detail: string, extra: Partial<Damage> = {}): Damage {
  return { kind, file, index, position: 0, offset: 0, length: 0, ...extra, detail }
}

export function headerDamage(open: OpenFile): Damage | undefined {
  const { headerFault } = open
  return headerFault && fileDamage('file-header', open.name, open.index, headerFault.message, { length: FILE_HEADER_BYTES })
}

/** What is damaged of a block, of which the records were looked at. */
export function damagesOf(open: OpenFile, block: SurveyedBlock, salvaged: Salvaged | undefined): Damage[] {
  const { position, start, end, header, isHeaderIntact, expected } = block
  const { sequence } = header
  const damages: Damage[] = []
  const add = (kind: DamageKind, extent: Extent): void => void damages.push(damageAt(open, kind, extent))
  if (sequence < expected)
    add('sequence', { position, length: 0, detail: `the block begins with sequence ${sequence}, which ${expected} should be` })
  else if (sequence > expected && !header.close) {
    add('gap', { position, length: 0, lost: { from: expected, to: sequence }, detail: 'blocks are missing before this one' })
  }
  const lost = salvaged?.lost ?? []
  const whole = lost[0]
  if (!isHeaderIntact && whole && whole.from === start && whole.to === end) {
    const range = { from: sequence, to: sequence + whole.count }
    add('gap', { position, length: end - position, lost: range, detail: 'neither a block header nor records can be made out' })
  } else {
    if (!isHeaderIntact) {
      if (header.close) add('closing-block', { position, length: BLOCK_HEADER_BYTES, detail: 'its checksum is wrong' })
      else if (start === end) add('gap', { position, length: end - position, detail: 'no blocks can have stood here' })
      else add('block-header', { position, length: BLOCK_HEADER_BYTES, detail: 'its checksum is wrong' })
    } else if (salvaged && lost.length === 0 && salvaged.missing === 0) {
      add('block-header', { position, length: BLOCK_HEADER_BYTES, detail: 'the records behind it are not those that it was written for' })
    }
    for (const { from, to, count, before } of lost) {
      const range = { from: sequence + before, to: sequence + before + count }
      add('record', {
        position: from,
        length: to - from,
        lost: range,
        detail: count === 1 ? 'its checksum is wrong' : `${count} records can't be made out`,
      })
    }
  }
  const blockEnd = start + header.length
  if (salvaged && salvaged.missing > 0 && blockEnd > end) {
    const range = { from: sequence + salvaged.count, to: sequence + salvaged.count + salvaged.missing }
    const from = Math.min(open.end, blockEnd)
    add('gap', { position: from, length: blockEnd - from, lost: range, detail: 'the file ends before the block does' })
  }
  return damages
}
