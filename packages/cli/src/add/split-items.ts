/** Splits bytes at a separator, which is left out: as soon as it has come each item is given. What stands behind the last separator is an item too, unless it is empty. */
export async function* splitItems(chunks: AsyncIterable<Uint8Array>, separator: number): AsyncGenerator<Uint8Array, void, undefined> {
  let begun: Uint8Array[] = []
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(separator); end >= 0; end = chunk.indexOf(separator, start)) {
      yield joined(begun, chunk.subarray(start, end))
      begun = []
      start = end + 1
    }
    if (start < chunk.length) begun.push(chunk.subarray(start))
  }
  if (begun.length > 0) yield joined(begun)
}

function joined(begun: readonly Uint8Array[], rest?: Uint8Array): Uint8Array {
  const pieces = rest ? [...begun, rest] : begun
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces)
}
