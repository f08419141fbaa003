import { randomBytes } from 'node:crypto'
import { Varve } from '@varve/core'
import {
  BLOCK_HEADER_BYTES,
  decodeFileHeader,
  FILE_HEADER_BYTES,
  parseDataFileName,
  RECORD_HEADER_BYTES,
  readBlockHeader,
  recordState,
  storeSeedOf,
} from '@varve/core/format'
import { memoryBackend } from '@varve/memory-backend'
import { expect, test } from 'vitest'

test('what @varve/core/format publishes is enough to read a data file without a store', async () => {
  const backend = memoryBackend()
  const item = randomBytes(100)
  const store = await Varve.open(backend)
  const { position } = await store.add(item)
  await store.stop()

  const [name] = (await backend.list()).filter((one) => parseDataFileName(one) !== undefined)
  const file = await backend.open(name as string)
  const bytes = new Uint8Array(await file.size())
  await file.read(bytes, 0)
  const header = decodeFileHeader(bytes.subarray(0, FILE_HEADER_BYTES))
  if (typeof header === 'string') expect.fail(header)
  const storeSeed = storeSeedOf(header.storeId)
  const block = readBlockHeader(bytes, FILE_HEADER_BYTES, { storeSeed, index: 0, position: 0 })
  expect(block).toMatchObject({ count: 1, length: RECORD_HEADER_BYTES + item.length, sequence: 0, close: false })
  const record = FILE_HEADER_BYTES + BLOCK_HEADER_BYTES
  expect(record).toBe(FILE_HEADER_BYTES + position)
  expect(recordState(bytes, record, item.length, storeSeed, false)).toBe('intact')
  bytes[record + RECORD_HEADER_BYTES]! ^= 1
  expect(recordState(bytes, record, item.length, storeSeed, false)).toBe('damaged')
})
