/** An item that tells which one it is: the same bytes for the same sequence, whichever process adds it. */
export function countedItem(sequence: number): Uint8Array {
  const text = `item ${sequence} `
  return new TextEncoder().encode(text.repeat(1 + ((sequence * 7) % 40)))
}
