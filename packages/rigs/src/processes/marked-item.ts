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

/** The least that an item has: its mark. */
export const MARK_BYTES = 16

/** The item with that mark and so many bytes: the same ones every time, other ones for any other mark or size. */
export function markedItem(mark: Mark, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, mark.life)
  view.setUint32(4, mark.number)
  view.setUint32(8, mark.group)
  view.setUint16(12, mark.member)
  view.setUint16(14, mark.members)
  let state = Math.imul(mark.life + 1, 0x9e3779b1) ^ Math.imul(mark.number + 1, 0x85ebca6b) ^ size
  for (let at = MARK_BYTES; at < size; at++) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0
    bytes[at] = state >>> 24
  }
  return bytes
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
