import { VarveError } from '@varve/core'
import { afterEach, beforeEach, expect } from 'vitest'
import { settle } from './event-loop.js'

/** The error that a promise rejects with. Fails where it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if (!('error' in outcome)) throw new Error(`resolved to ${JSON.stringify(outcome.value)} instead of rejecting`)
  return outcome.error
}

/** The `VarveError` that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<VarveError> {
  const error = await rejection(promise)
  expect(error).toBeInstanceOf(VarveError)
  return error as VarveError
}

/** The code of the `VarveError` that a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await failure(promise)).code
}

/** The code of the `VarveError` that a call throws at once. */
export function codeThrownBy(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(VarveError)
    return (error as VarveError).code
  }
  throw new Error('it threw nothing')
}

/** Makes every test of the file fail in which a promise is rejected that nobody looks at. */
export function failOnUnhandledRejections(): void {
  let unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  beforeEach(() => {
    unhandled = []
    process.on('unhandledRejection', note)
  })
  afterEach(async () => {
    await settle()
    process.off('unhandledRejection', note)
    expect(unhandled, 'rejections that nobody handled').toEqual([])
  })
}
