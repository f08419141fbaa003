import { expect, test } from 'vitest'
import { MARK_BYTES, markedItem, readMark } from '../src/processes/marked-item.js'

const mark = { life: 7, number: 300, group: 2, member: 1, members: 5 }

test.each([MARK_BYTES, MARK_BYTES + 1, 500])('an item of %s bytes tells whose it is', (size) => {
  expect(readMark(markedItem(mark, size))).toEqual(mark)
})

test('an item tells nothing where a single byte is changed, missing or added', () => {
  const bytes = markedItem(mark, 60)
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes)
    changed[at] = (changed[at] as number) ^ 1
    expect(readMark(changed)).toBeUndefined()
  }
  expect(readMark(bytes.subarray(0, 59))).toBeUndefined()
  expect(readMark(bytes.subarray(0, MARK_BYTES - 1))).toBeUndefined()
  expect(readMark(Uint8Array.from([...bytes, 0]))).toBeUndefined()
})
