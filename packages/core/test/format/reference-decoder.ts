import { crc32 } from 'node:zlib'

/**
 * The format read a second time, from FORMAT.md alone: it shares no code with the engine, so that the two can't be wrong in the same way.
 * Whatever the page does not allow in a store that was stopped is an error here.
 */
interface DecodedFile {
  readonly genesis: string
  readonly storeId: string
  readonly index: number
  readonly trimOffset: number
  readonly sequence: number
  readonly groupStart: { readonly index: number; readonly position: number }
  readonly dropped: boolean
  readonly lost: boolean
  readonly ended: boolean
  readonly blocks: readonly DecodedBlock[]
}

interface DecodedBlock {
  readonly position: number
  readonly continues: boolean
  readonly close: boolean
  readonly losses: boolean
  readonly length: number
  readonly count: number
  readonly sequence: number
  readonly time: number
  readonly durablePosition: number
  readonly digest: number
  readonly records: readonly DecodedRecord[]
}

interface DecodedRecord {
  readonly position: number
  readonly payload: Uint8Array
  readonly lost: boolean
}

export function decodeFile(file: Uint8Array): DecodedFile {
  const bytes = Buffer.from(file)
  must(bytes.length >= 64, 'a file has a header')
  must(bytes.subarray(0, 8).equals(Buffer.from('\x89VARVE\r\n', 'latin1')), 'a file begins with the magic bytes')
  must(bytes.readUInt16LE(8) === 1 && bytes.readUInt16LE(10) === 64, 'version 1 has a header of 64 bytes')
  must(bytes.readUInt32LE(60) === crc32(bytes.subarray(0, 60)), 'the checksum of the file header is right')
  const flags = bytes.readUInt32LE(56)
  must(flags === 1 || (flags & ~6) === 0, 'a file is dropped, or has lost something, or its end was trimmed away, or none of it')
  const index = bytes.readUInt32LE(32)
  const trimOffset = bytes.readUInt32LE(36)
  const storeSeed = crc32(bytes.subarray(16, 32))
  const blocks: DecodedBlock[] = []
  for (let at = 64; at < bytes.length; ) {
    const block = decodeBlock(bytes, at, index, trimOffset + at - 64, storeSeed)
    blocks.push(block)
    at += 44 + block.length
  }
  return {
    genesis: bytes.toString('latin1', 12, 16),
    storeId: bytes.toString('hex', 16, 32),
    index,
    trimOffset,
    sequence: Number(bytes.readBigUInt64LE(40)),
    groupStart: { index: bytes.readUInt32LE(48), position: bytes.readUInt32LE(52) },
    dropped: flags === 1,
    lost: (flags & 2) !== 0,
    ended: (flags & 4) !== 0,
    blocks,
  }
}

function decodeBlock(bytes: Buffer, at: number, index: number, position: number, storeSeed: number): DecodedBlock {
  const where = `at position ${position} of file ${index}`
  must(bytes.length >= at + 44 && bytes.toString('latin1', at, at + 4) === 'VBLK', `a block begins ${where}`)
  const blockSeed = crc32(le32(index, position), storeSeed)
  must(bytes.readUInt32LE(at + 40) === crc32(bytes.subarray(at, at + 40), blockSeed), `the checksum of the block header is right ${where}`)
  const flags = bytes.readUInt32LE(at + 4)
  must(flags <= 5, `only CONTINUES, CLOSE and LOSSES are known, and the last two exclude each other ${where}`)
  const length = bytes.readUInt32LE(at + 8)
  const count = bytes.readUInt32LE(at + 12)
  const digest = bytes.readUInt32LE(at + 36)
  const durablePosition = bytes.readUInt32LE(at + 32)
  const close = (flags & 2) !== 0
  must(close ? length === 0 && count === 0 : count > 0, `a closing block is empty and no other is ${where}`)
  must(close ? durablePosition === position : durablePosition <= position, `the durable position is not behind the block ${where}`)

  const start = at + 44
  const end = start + length
  must(end <= bytes.length, `the block is whole ${where}`)
  const records: DecodedRecord[] = []
  let summed = storeSeed
  for (let record = start; record < end; ) {
    const size = bytes.readUInt32LE(record)
    const payload = bytes.subarray(record + 8, record + 8 + size)
    must(size >= 1 && record + 8 + size <= end, `the records fill their block ${where}`)
    const crc = crc32(payload, crc32(le32(size), storeSeed))
    const lost = (flags & 4) !== 0 && bytes.readUInt32LE(record + 4) === ~crc >>> 0
    must(lost || bytes.readUInt32LE(record + 4) === crc, `the checksum of a record is right ${where}`)
    summed = crc32(bytes.subarray(record, record + 8), summed)
    records.push({ position: position + record - at, payload: Uint8Array.from(payload), lost })
    record += 8 + size
  }
  must(records.length === count && summed === digest, `count and digest are those of the records ${where}`)
  return {
    position,
    continues: (flags & 1) !== 0,
    close,
    losses: (flags & 4) !== 0,
    length,
    count,
    sequence: Number(bytes.readBigUInt64LE(at + 16)),
    time: Number(bytes.readBigUInt64LE(at + 24)),
    durablePosition,
    digest,
    records,
  }
}

/** All files of a store that was stopped, with what FORMAT.md says of how they hang together. */
export function decodeStore(files: ReadonlyMap<string, Uint8Array>): DecodedFile[] {
  const names = [...files.keys()].filter((name) => /^[A-Za-z]+\d+\.dat$/.test(name)).sort()
  const decoded = names.map((name) => decodeFile(files.get(name) as Uint8Array))
  let sequence = decoded[0]?.sequence ?? 0
  let time = 0
  let group: DecodedFile['groupStart'] | undefined
  decoded.forEach((file, n) => {
    const name = names[n] as string
    must(Number(/\d+/.exec(name)?.[0]) === file.index, `${name} is the file that its name says`)
    must(file.index === (decoded[0] as DecodedFile).index + n, `no file is missing before ${name}`)
    must(file.storeId === decoded[0]?.storeId && file.genesis === decoded[0].genesis, `${name} is of this store`)
    must(file.blocks.at(-1)?.close === true, `${name} ends in a closing block`)
    must(!file.dropped || file.blocks.length === 1, `the stub ${name} holds a closing block alone`)
    must(file.sequence >= sequence, `the sequence of ${name} was not given out before it`)
    // Where something was removed, what hung together need not do so any more.
    if (file.sequence === sequence && file.trimOffset === 0 && !file.dropped) mustGoOn(file, group, decoded)
    else group = undefined
    for (const block of file.blocks) {
      must(block.sequence >= Math.max(sequence, file.sequence), `sequences rise at position ${block.position} of ${name}`)
      must(block.time >= time, `times do not fall at position ${block.position} of ${name}`)
      sequence = block.sequence + block.count
      time = block.time
      if (block.continues) group ??= { index: file.index, position: block.position }
      else group = undefined
    }
  })
  must(group === undefined, 'every group has its end')
  return decoded
}

function mustGoOn(file: DecodedFile, group: DecodedFile['groupStart'] | undefined, files: readonly DecodedFile[]): void {
  const { index, groupStart } = file
  if (!group)
    return must(groupStart.index === index && groupStart.position === 0, `file ${index} says that no group is open at its first byte`)
  const begun = files.find((other) => other.index === group.index)
  // A trim moves the header of the block that it splits.
  const isMoved = (begun?.trimOffset ?? 0) > groupStart.position
  must(
    groupStart.index === group.index && (isMoved || groupStart.position === group.position),
    `file ${index} says which group is open at its first byte`,
  )
}

function le32(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length)
  numbers.forEach((number, n) => void bytes.writeUInt32LE(number, 4 * n))
  return bytes
}

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`not so: ${what}`)
}
