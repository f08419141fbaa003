import type { BackendFile } from '@varve/backend'
import { expect, test } from 'vitest'
import { FILE_HEADER_BYTES } from '../../src/format/file-header.js'
import { FileWindow } from '../../src/read/file-window.js'
import { OpenFile } from '../../src/read/open-file.js'
import { failOnUnhandledRejections } from '../support/rejections.js'

failOnUnhandledRejections()

const KiB = 1024

/** A window on a file whose bytes tell their position, and the places that were read. */
function windowOn(length: number, chunkSize: number) {
  const reads: number[] = []
  const failing = { next: false }
  const byteAt = (position: number): number => (position * 7 + (position >> 8)) & 0xff
  const file = {
    read: async (target: Uint8Array, physical: number) => {
      reads.push(physical - FILE_HEADER_BYTES)
      if (failing.next) {
        failing.next = false
        throw new Error('torn out')
      }
      for (let n = 0; n < target.length; n++) target[n] = byteAt(physical - FILE_HEADER_BYTES + n)
      return target.length
    },
  } as Partial<BackendFile> as BackendFile
  const groupStart = { index: 0, position: 0 }
  const header = {
    genesis: new Uint8Array(4),
    storeId: new Uint8Array(16),
    index: 0,
    trimOffset: 0,
    sequence: 0,
    groupStart,
    dropped: false,
  }
  const window = new FileWindow(new OpenFile('file', file, header, FILE_HEADER_BYTES + length), chunkSize)
  const expectRight = (): void => {
    for (let n = 0; n < window.bytes.length; n++)
      if (window.bytes[n] !== byteAt(window.start + n)) throw new Error(`byte ${window.start + n} is wrong`)
  }
  return { window, reads, failing, expectRight }
}

test('what was read ahead is joined to what is left over, and is read once', async () => {
  const { window, reads, expectRight } = windowOn(500 * KiB, 100 * KiB)
  await window.load(0, 1)
  window.readAhead()
  window.readAhead()
  expect(reads).toEqual([0, 100 * KiB, 200 * KiB])
  for (let n = 1; n < 5; n++) {
    expect(await window.load(n * 100 * KiB - 37, 500)).toBe(true)
    expect([window.start, window.end]).toEqual([n * 100 * KiB - 37, (n + 1) * 100 * KiB])
    expectRight()
    window.readAhead()
  }
  expect(reads).toEqual([0, 100, 200, 300, 400].map((at) => at * KiB))
})

test('what was read ahead is not used for another place, for more than it holds, or after a fresh look was asked for', async () => {
  const { window, reads, expectRight } = windowOn(400 * KiB, 50 * KiB)
  for (const [position, least, fresh] of [
    [120 * KiB, 1, false],
    [200 * KiB, 120 * KiB, false],
    [340 * KiB, 1, true],
  ] as const) {
    window.readAhead()
    if (fresh) window.reset()
    expect(await window.load(position, least)).toBe(true)
    expect(window.start).toBe(position)
    expectRight()
    expect(reads.at(-1)).toBe(position)
  }
})

test.each([
  ['alone', 200, [0, 100, 100]],
  ['and the one behind it of no use', 400, [0, 100, 200, 100, 200]],
])('a reading ahead that fails is nobody’s, until the place is asked for: %s', async (_, length, expected) => {
  const { window, reads, failing, expectRight } = windowOn(length * KiB, 100 * KiB)
  await window.load(0, 1)
  failing.next = true
  window.readAhead()
  for (let at = 100; at <= length / 2; at += 100) {
    expect(await window.load(at * KiB, 1)).toBe(true)
    expectRight()
  }
  expect(reads).toEqual(expected.map((at) => at * KiB))
})

test('nothing is read ahead behind the end of the file', async () => {
  const { window, reads } = windowOn(10 * KiB, 100 * KiB)
  await window.load(0, 1)
  window.readAhead()
  expect(reads).toEqual([0])
})
