/** Who an item is: written at its beginning, so that whoever finds it anywhere knows it, and knows what its other bytes have to be. */
export interface Mark {
  /** Counts the openings of the store: one opening for writing is one life. */
  readonly life: number
  /** Counts the items of that life in the order in which they were handed to the store. */
  readonly number: number
  /** The transaction of that life that it belongs to, from 1; 0 for none. */
  readonly group: number
  /** Which of the transaction's items it is, from 0, and how many there are. */
  readonly member: number
  readonly members: number
}

const FIELDS_BYTES = 16

/** The least that an item has: the fields of its mark, and four bytes that no other mark has. */
export const MARK_BYTES = FIELDS_BYTES + 4

/** The item with that mark and so many bytes: the same ones every time, other ones for any other mark or size. */
export function markedItem(mark: Mark, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, mark.life)
  view.setUint32(4, mark.number)
  view.setUint32(8, mark.group)
  view.setUint16(12, mark.member)
  view.setUint16(14, mark.members)
  let state = size
  for (let at = 0; at < FIELDS_BYTES; at += 4) state = mixed(state ^ view.getUint32(at))
  for (let at = FIELDS_BYTES; at < size; at++) {
    state = mixed(state)
    bytes[at] = state >>> 24
  }
  return bytes
}

function mixed(state: number): number {
  return (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0
}

/** Whose item this is, or undefined where a single byte is not what it was. */
export function readMark(data: Uint8Array): Mark | undefined {
  if (data.length < MARK_BYTES) return undefined
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const mark = {
    life: view.getUint32(0),
    number: view.getUint32(4),
    group: view.getUint32(8),
    member: view.getUint16(12),
    members: view.getUint16(14),
  }
  return Buffer.compare(markedItem(mark, data.length), data) === 0 ? mark : undefined
}

/** The same for the same item, and for no other. */
export function idOf({ life, number }: Pick<Mark, 'life' | 'number'>): string {
  return `${life}.${number}`
}

/** One name for all items of a transaction, or undefined for an item that is in none. */
export function groupOf({ life, group }: Pick<Mark, 'life' | 'group'>): string | undefined {
  return group === 0 ? undefined : `${life}/${group}`
}
