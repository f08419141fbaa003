import { InvalidArgumentError } from 'commander'
import { expect, it } from 'vitest'
import { addWorkload, byteCount, positiveNumber, wholeNumber } from '../../src/command/arguments.js'

it('gathers parts of names, and refuses one that no workload has', () => {
  expect(addWorkload('scan', ['durable'])).toEqual(['durable', 'scan'])
  expect(() => addWorkload('nothing')).toThrow(/ingest-100b-many.*growth/)
})

it('takes sizes with their unit', () => {
  expect(byteCount('10GiB')).toBe(10 * 1024 ** 3)
  expect(() => byteCount('much')).toThrow(InvalidArgumentError)
})

it('takes numbers, and refuses what makes no sense as one', () => {
  expect(wholeNumber('3')).toBe(3)
  expect(positiveNumber('0.5')).toBe(0.5)
  for (const text of ['0', '1.5', 'x', '-1']) expect(() => wholeNumber(text)).toThrow(InvalidArgumentError)
  for (const text of ['0', 'x', '-1']) expect(() => positiveNumber(text)).toThrow(InvalidArgumentError)
})
