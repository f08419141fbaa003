/** Bytes as hex digits, with a space between two bytes. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

/** The bytes that hex digits say; whatever else the text holds is left out. */
export function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16))
}

/** Copies of the bytes, each with another bit flipped. */
export function* eachBitFlip(bytes: Uint8Array): Generator<{ readonly at: number; readonly bit: number; readonly flipped: Uint8Array }> {
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = bytes.slice()
      flipped[at]! ^= 1 << bit
      yield { at, bit, flipped }
    }
  }
}

/** The bytes as a part of a larger array, as they are met in a file. */
export function amid(bytes: Uint8Array, before: number, after = 5): Uint8Array {
  const around = new Uint8Array(before + bytes.length + after).fill(0xee)
  around.set(bytes, before)
  return around
}
