import type { Damage, SequenceRange } from '@varve/core'
import { countOf } from '../terminal/quantities.js'

/** `data00000.dat at 4312, 44 bytes: block-header: its checksum is wrong; items 7 to 9 are lost` */
export function describeDamage({ file, position, length, kind, detail, lost }: Damage): string {
  return `${file} at ${position}, ${countOf(length, 'byte')}: ${kind}: ${detail}${lost ? `; ${describeLost(lost)}` : ''}`
}

export function describeLost({ from, to }: SequenceRange): string {
  return to - from === 1 ? `item ${from} is lost` : `items ${from} to ${to - 1} are lost`
}
