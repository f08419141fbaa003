import { seededRandom } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import {
  BLOCK_HEADER_BYTES,
  type BlockHeader,
  type BlockPlace,
  correctBlockHeader,
  encodeBlockHeader,
  readBlockHeader,
} from '../../src/format/block-header.js'
import { blockSeedOf } from '../../src/format/checksum.js'
import { correctFileHeader, decodeFileHeader, encodeFileHeader, FILE_HEADER_BYTES, type FileHeader } from '../../src/format/file-header.js'
import { FileNaming } from '../../src/format/file-name.js'
import { LEAST_RECORD_BYTES, writeRecord } from '../../src/format/record.js'
import { decodeLocation, encodeLocation, formatLocation, parseLocation } from '../../src/location.js'
import { decodeRecords } from '../../src/read/decode-records.js'
import { signedCrc32 } from '../signed-crc32.js'

const INPUTS = 250_000
const timeout = 120_000
const storeSeed = 0xb225246f | 0
const random = seededRandom(20_261)

/** Fills a part of `bytes` with random ones. */
function scramble(bytes: Uint8Array, from = 0, to = bytes.length): Uint8Array {
  for (let at = from; at < to; at++) bytes[at] = random(256)
  return bytes
}

/** Random bytes; or valid ones of which some were changed; or those with the checksum made right again, as by somebody who forges them. */
function mutated(valid: Uint8Array, sign: (bytes: Uint8Array) => void): Uint8Array {
  const kind = random(4)
  if (kind === 0) return scramble(new Uint8Array(random(2 * valid.length)))
  const bytes = Uint8Array.from(valid)
  for (let n = 1 + random(4); n > 0; n--) {
    const at = random(bytes.length)
    // Fields at their limits lead further astray than random ones.
    const value = [0, 0xff, 0x80, 0x7f, 1, random(256)][random(6)] as number
    bytes.fill(value, at, Math.min(bytes.length, at + [1, 4, 8][random(3)]!))
  }
  if (kind > 1) sign(bytes)
  return kind === 1 && random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes
}

function told(name: string, inputs: number, accepted: number): void {
  // biome-ignore lint/suspicious/noConsole: `pnpm reliability` reads the counts.
  console.log(`COUNT random inputs to parsers ${inputs}`)
  // One in so many has to get through, or nothing but the first check was tried.
  expect(accepted, name).toBeGreaterThan(inputs / 200)
}

function bytesIn(value: object): number {
  return Object.values(value).reduce((sum, one) => sum + (one instanceof Uint8Array ? one.length : 0), 0)
}

describe('a parser that gets random bytes, and valid ones that were tampered with, throws nothing and holds no more than it got:', () => {
  test('the file header', { timeout }, () => {
    const header: FileHeader = {
      genesis: Uint8Array.of(1, 2, 3, 4),
      storeId: scramble(new Uint8Array(16)),
      index: 7,
      trimOffset: 300,
      sequence: 1234,
      groupStart: { index: 6, position: 44 },
      dropped: false,
    }
    const valid = encodeFileHeader(header)
    let accepted = 0
    for (let n = 0; n < INPUTS; n++) {
      const bytes = mutated(valid, (forged) => new DataView(forged.buffer).setInt32(60, signedCrc32(forged.subarray(0, 60)), true))
      const decoded = decodeFileHeader(bytes)
      const corrected = correctFileHeader(bytes)
      for (const found of [decoded, corrected]) {
        if (typeof found !== 'object') continue
        accepted++
        if (!Number.isSafeInteger(found.sequence) || found.groupStart.index > found.index || bytesIn(found) > FILE_HEADER_BYTES)
          expect.fail(`${Buffer.from(bytes).toString('hex')} is taken for ${JSON.stringify(found)}`)
      }
    }
    told('file headers', INPUTS, accepted)
  })

  test('the block header', { timeout }, () => {
    const place: BlockPlace = { storeSeed, index: 7, position: 300 }
    const header: BlockHeader = {
      continues: false,
      close: false,
      length: 60,
      count: 3,
      sequence: 900,
      timestamp: 1_700_000_000_000,
      durablePosition: 44,
      digest: 5,
    }
    const valid = encodeBlockHeader(header, place)
    const seed = blockSeedOf(storeSeed, place.index, place.position)
    let accepted = 0
    for (let n = 0; n < INPUTS; n++) {
      const bytes = mutated(valid, (forged) => new DataView(forged.buffer).setInt32(40, signedCrc32(forged.subarray(0, 40), seed), true))
      for (const found of [readBlockHeader(bytes, 0, place), correctBlockHeader(bytes, 0, place)]) {
        if (!found) continue
        accepted++
        const isPlausible = found.close ? found.length === 0 : found.count > 0 && found.length >= found.count * LEAST_RECORD_BYTES
        if (!isPlausible || !Number.isSafeInteger(found.sequence + found.count) || found.durablePosition > place.position)
          expect.fail(`${Buffer.from(bytes).toString('hex')} is taken for ${JSON.stringify(found)}`)
      }
      // Nor where it would stand beyond the bytes there are.
      if (bytes.length >= BLOCK_HEADER_BYTES && readBlockHeader(bytes, bytes.length - BLOCK_HEADER_BYTES + 1, place))
        expect.fail('it read on')
    }
    told('block headers', INPUTS, accepted)
  })

  test('the records', { timeout }, () => {
    const valid = new Uint8Array(3 * 8 + 1 + 20 + 7)
    let at = 0
    for (const size of [1, 20, 7]) {
      writeRecord(valid, at, scramble(new Uint8Array(size)), storeSeed)
      at += 8 + size
    }
    let accepted = 0
    for (let n = 0; n < INPUTS; n++) {
      const bytes = mutated(valid, () => {})
      const end = random(bytes.length + 1)
      const run = { bytes, at: 0, end, index: 0, position: 44, sequence: 0, timestamp: 0, hasLosses: n % 2 === 0 }
      const { items, at: stopped } = decodeRecords(run, storeSeed)
      accepted += items.length
      const held = items.reduce((sum, { data }) => sum + 8 + data.length, 0)
      if (stopped > end || held > stopped || items.some(({ data }) => data.buffer !== bytes.buffer))
        expect.fail(`${Buffer.from(bytes).toString('hex')} up to ${end} gives ${held} bytes`)
    }
    told('records', INPUTS, accepted)
  })

  test('the encoded location', { timeout }, () => {
    const valid = encodeLocation({ index: 3, position: 500, size: 20 })
    let accepted = 0
    for (let n = 0; n < INPUTS; n++) {
      const bytes = mutated(valid, () => {})
      try {
        const location = decodeLocation(bytes)
        accepted++
        if (Buffer.compare(encodeLocation(location), bytes) !== 0)
          expect.fail(`${formatLocation(location)} is not what it was decoded from`)
      } catch (error) {
        if ((error as { readonly code?: string }).code !== 'INVALID_LOCATION') throw error
      }
    }
    told('encoded locations', INPUTS, accepted)
  })

  test('the location as text, and the names of files', { timeout }, () => {
    const naming = new FileNaming('data', 5)
    const alphabet = '0123456789:-+. e\u0661\u{1f600}\0/\\datxmpcuqrnie'
    const valid = [
      '12:345:6',
      '4294967295:4294967295:4294967295',
      'data00012.dat',
      '.cut.data00001.dat.44',
      '.quarantine.data00001.dat.0.2',
      '.tmp.data00000.dat',
    ]
    let accepted = 0
    for (let n = 0; n < INPUTS; n++) {
      let text = random(3) === 0 ? '' : (valid[random(valid.length)] as string)
      for (let changes = text ? random(3) : random(30); changes > 0; changes--) {
        const at = random(text.length + 1)
        text = text.slice(0, at) + (alphabet[random(alphabet.length)] as string) + text.slice(at + random(2))
      }
      try {
        const location = parseLocation(text)
        accepted++
        if (formatLocation(location) !== text) expect.fail(`${formatLocation(location)} is not what it was parsed from`)
      } catch (error) {
        const { code, message } = error as { readonly code?: string; readonly message: string }
        if (code !== 'INVALID_LOCATION' || message.length > 1000) throw error
      }
      const index = naming.parseDataFile(text)
      if (index !== undefined && naming.dataFile(index) !== text) expect.fail(`${text} is taken for file ${index}`)
      const cut = naming.parseCut(text)
      // No name that is given to a backend leads out of the container.
      if ((cut || naming.isTemporary(text) || naming.isQuarantine(text)) && /[/\\\0]/.test(text))
        expect.fail(`${text} is taken for one of the store's`)
    }
    told('texts', INPUTS, accepted)
  })
})

test('a text as long as memory allows is refused at once, without being repeated in the message', () => {
  const huge = '1'.repeat(10_000_000)
  for (const text of [huge, `${huge}:1:1`, `1:${huge}:1`, `1:1:${huge}`]) {
    expect(() => parseLocation(text)).toThrow(expect.objectContaining({ code: 'INVALID_LOCATION' }))
  }
})
