import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { checkBytes, isBytes } from '../src/item.js'

class OwnBytes extends Uint8Array {}

const elsewhere = (code: string): unknown => runInNewContext(code)

describe('an item is', () => {
  test.each([
    ['a Uint8Array', new Uint8Array(3)],
    ['an empty one: its length is judged elsewhere', new Uint8Array(0)],
    ['a Buffer', Buffer.from('abc')],
    ['a part of another', new Uint8Array(10).subarray(2, 5)],
    ['one over a SharedArrayBuffer', new Uint8Array(new SharedArrayBuffer(8))],
    ['one over memory that may grow', elsewhere('new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }))')],
    ['one of a class of its own', new OwnBytes(3)],
    ['one of another realm, as test runners have several', elsewhere('new Uint8Array(3)')],
    ['a part of one of another realm', elsewhere('new Uint8Array(3).subarray(1)')],
  ])('%s', (_, value) => {
    expect(isBytes(value)).toBe(true)
    expect(checkBytes(value, 'an item')).toBeUndefined()
  })
})

describe('an item is not, and the error says so:', () => {
  test.each([
    ['a string', 'abc', 'string'],
    ['a number', 5, 'number'],
    ['a bigint', 5n, 'bigint'],
    ['a boolean', true, 'boolean'],
    ['a symbol', Symbol('x'), 'symbol'],
    ['a function', () => new Uint8Array(1), 'function'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['an array of bytes', [1, 2, 3], 'Array'],
    ['an ArrayBuffer', new ArrayBuffer(3), 'ArrayBuffer'],
    ['a SharedArrayBuffer', new SharedArrayBuffer(3), 'SharedArrayBuffer'],
    ['a DataView', new DataView(new ArrayBuffer(3)), 'DataView'],
    ['a Uint8ClampedArray', new Uint8ClampedArray(3), 'Uint8ClampedArray'],
    ['an Int8Array', new Int8Array(3), 'Int8Array'],
    ['a Uint16Array', new Uint16Array(3), 'Uint16Array'],
    ['a Float64Array', new Float64Array(3), 'Float64Array'],
    ['a Blob', new Blob(['abc']), 'Blob'],
    ['a Buffer as JSON has it', Buffer.from('abc').toJSON(), 'Object'],
    ['an object without a prototype', Object.create(null), 'object'],
    ['an object that names itself oddly', { constructor: 5 }, 'object'],
    ['an object that claims to be one', { [Symbol.toStringTag]: 'Uint8Array', length: 3 }, 'Object'],
    ['an ArrayBuffer of another realm', elsewhere('new ArrayBuffer(3)'), 'ArrayBuffer'],
    ['a DataView of another realm', elsewhere('new DataView(new ArrayBuffer(3))'), 'DataView'],
  ])('%s', (_, value, said) => {
    expect(isBytes(value)).toBe(false)
    expect(() => checkBytes(value, 'an item')).toThrow(new TypeError(`an item is a Uint8Array (a Buffer is one), not ${said}`))
  })

  test('what only inherits from one or stands before one, and fails at every use', () => {
    for (const pretender of [Object.create(Uint8Array.prototype), Uint8Array.prototype, new Proxy(new Uint8Array(3), {})]) {
      expect(isBytes(pretender)).toBe(false)
      expect(() => checkBytes(pretender, 'an item')).toThrow(TypeError)
    }
  })

  test('what it is to be is named by whoever asks', () => {
    expect(() => checkBytes(1, 'expect')).toThrow(new TypeError('expect is a Uint8Array (a Buffer is one), not number'))
  })
})
