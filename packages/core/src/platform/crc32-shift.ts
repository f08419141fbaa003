// A step by one byte multiplies a checksum by x^8, modulo the polynomial; so many bytes are as many steps, and steps are linear: what they do to each of the four bytes of a checksum can be looked up.
const TABLE_LENGTH = 4 * 256
/** What 1, 2, 4, … bytes do. */
const powers: Int32Array[] = []
/** What as many bytes do as were asked for twice in a row. */
let table: Int32Array | undefined
let tableBytes = -1
let lastBytes = -1

/** What a checksum is continued to by that many zero bytes, but for what the zeros add themselves: so that the checksum of `a` and `b` together is that of `a`, shifted by the length of `b`, xor that of `b`. */
export function shiftCrc32(crc: number, bytes: number): number {
  if (bytes !== lastBytes) {
    lastBytes = bytes
    return stepwise(crc, bytes)
  }
  if (!table || tableBytes !== bytes) {
    table = tableOf((value) => stepwise(value, bytes))
    tableBytes = bytes
  }
  return apply(table, crc)
}

function stepwise(crc: number, bytes: number): number {
  let shifted = crc
  for (let power = 0, rest = bytes; rest > 0; power++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shifted = apply(powerTable(power), shifted)
  }
  return shifted
}

function powerTable(power: number): Int32Array {
  for (let n = powers.length; n <= power; n++) {
    const before = powers[n - 1]
    powers.push(tableOf(before ? (value) => apply(before, apply(before, value)) : oneByte))
  }
  return powers[power] as Int32Array
}

function oneByte(value: number): number {
  let shifted = value
  for (let bit = 0; bit < 8; bit++) shifted = shifted & 1 ? (shifted >>> 1) ^ 0xedb88320 : shifted >>> 1
  return shifted
}

function tableOf(shift: (value: number) => number): Int32Array {
  const made = new Int32Array(TABLE_LENGTH)
  for (let byte = 0; byte < 4; byte++) {
    const base = byte * 256
    for (let bit = 0; bit < 8; bit++) made[base + (1 << bit)] = shift(1 << (8 * byte + bit))
    for (let value = 1; value < 256; value++) {
      const low = value & -value
      if (value !== low) made[base + value] = (made[base + low] as number) ^ (made[base + (value ^ low)] as number)
    }
  }
  return made
}

function apply(table: Int32Array, crc: number): number {
  return (
    (table[crc & 0xff] as number) ^
    (table[256 + ((crc >>> 8) & 0xff)] as number) ^
    (table[512 + ((crc >>> 16) & 0xff)] as number) ^
    (table[768 + (crc >>> 24)] as number)
  )
}
