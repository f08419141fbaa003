import { BackendError, type BackendErrorCode } from '@varve/backend'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { backendFailure, isBackendError, messageOf, VarveError } from '../src/errors.js'

/** As a program has it that holds two copies of the packages. */
async function secondCopy(): Promise<{ VarveError: typeof VarveError; BackendError: typeof BackendError }> {
  vi.resetModules()
  return { ...(await import('../src/errors.js')), ...(await import('@varve/backend')) }
}

afterEach(() => vi.resetModules())

describe('an error of the store', () => {
  test('has a name, a code and a message', () => {
    const error = new VarveError('CORRUPT', 'read 1:2:3: the checksum is wrong')
    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toBe('VarveError: read 1:2:3: the checksum is wrong')
    expect(error.code).toBe('CORRUPT')
    expect(error.stack).toContain('errors.test')
  })

  test('has nothing pending, no locations and no cause unless it is told', () => {
    const error = new VarveError('IO', 'x')
    expect([error.pending, error.locations]).toEqual([false, []])
    expect('cause' in error).toBe(false)
  })

  test('carries what led to it, even where that is undefined, and what was accepted in spite of it', () => {
    const cause = new Error('the disk said no')
    const locations = [{ index: 1, position: 2, size: 3 }]
    const error = new VarveError('NO_SPACE', 'x', { cause, pending: true, locations })
    expect([error.cause, error.pending, error.locations]).toEqual([cause, true, locations])
    expect('cause' in new VarveError('IO', 'x', { cause: undefined })).toBe(true)
  })

  test('is recognised, from whichever copy of the package it comes', async () => {
    const { VarveError: Other } = await secondCopy()
    const foreign = new Other('TIMEOUT', 'x')
    expect(foreign).not.toBeInstanceOf(VarveError)
    expect(VarveError.is(foreign)).toBe(true)
    expect(Other.is(new VarveError('TIMEOUT', 'x'))).toBe(true)
  })

  test.each([
    ['another error', new Error('x')],
    ['an error of a backend', new BackendError('IO', 'x')],
    ['an error of that name without a code', Object.assign(new Error('x'), { name: 'VarveError' })],
    ['an error of that name with a number for a code', Object.assign(new Error('x'), { name: 'VarveError', code: 5 })],
    ['an object that only looks like one', { name: 'VarveError', code: 'IO', message: 'x' }],
    ['text', 'VarveError'],
    ['null', null],
    ['undefined', undefined],
  ])('is not %s', (_, value) => {
    expect(VarveError.is(value)).toBe(false)
  })
})

describe('what a backend fails with', () => {
  test.each([
    ['ALREADY_EXISTS', 'IO'],
    ['BUSY', 'BUSY'],
    ['CONFLICT', 'CONFLICT'],
    ['IO', 'IO'],
    ['LOCKED', 'LOCKED'],
    ['NOT_FOUND', 'IO'],
    ['NO_SPACE', 'NO_SPACE'],
    ['PERMISSION', 'PERMISSION'],
    ['TOO_MANY_OPEN', 'TOO_MANY_OPEN'],
    ['UNSUPPORTED', 'UNSUPPORTED'],
  ] satisfies [BackendErrorCode, string][])('with %s is %s to the user, with what was done and the cause', (given, code) => {
    const cause = new BackendError(given, 'fs ./blocks: append data00001.dat: EXYZ')
    const error = backendFailure('write to data00001.dat', cause)
    expect(error).toMatchObject({ name: 'VarveError', code, cause })
    expect(error.message).toBe('write to data00001.dat: fs ./blocks: append data00001.dat: EXYZ')
    expect([error.pending, error.locations]).toEqual([false, []])
  })

  test('that is no error of a backend is IO', () => {
    for (const cause of [new TypeError('odd'), 'odd', undefined]) {
      const error = backendFailure('write', cause)
      expect(error).toMatchObject({ code: 'IO', cause })
      expect(error.message).toBe(`write: ${cause === undefined ? 'undefined' : 'odd'}`)
    }
  })

  test('carries what the store has to say of it', () => {
    const locations = [{ index: 1, position: 2, size: 3 }]
    expect(backendFailure('write', new BackendError('NO_SPACE', 'x'), { pending: true, locations })).toMatchObject({
      pending: true,
      locations,
    })
  })

  test('is not wrapped where the store has named it already', () => {
    const error = new VarveError('FILE_MISSING', 'x')
    expect(backendFailure('open', error)).toBe(error)
  })

  test('is recognised by its code, from whichever copy of the contract it comes', async () => {
    const { BackendError: Other } = await secondCopy()
    expect(isBackendError(new Other('BUSY', 'x'), 'BUSY')).toBe(true)
    expect(isBackendError(new BackendError('BUSY', 'x'), 'IO')).toBe(false)
    expect(isBackendError(new VarveError('BUSY', 'x'), 'BUSY')).toBe(false)
    expect(isBackendError(undefined, 'IO')).toBe(false)
    expect(backendFailure('write', new Other('NO_SPACE', 'x')).code).toBe('NO_SPACE')
  })
})

test('whatever is thrown has a message', () => {
  expect([new Error('a'), new VarveError('IO', 'b'), 'c', 5, null, undefined].map(messageOf)).toEqual([
    'a',
    'b',
    'c',
    '5',
    'null',
    'undefined',
  ])
})
