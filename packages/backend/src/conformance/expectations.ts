import { BackendError, type BackendErrorCode } from '../backend-error.js'

// The suite belongs to no test framework, so it brings the few checks it needs.

/** Fails unless `condition` holds. `what` says what should be. */
export function ensure(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`expected: ${what}`)
}

export function equal<T>(actual: T, expected: T, what: string): void {
  if (!Object.is(actual, expected)) throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`)
}

export function equalBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  equal(actual.byteLength, expected.byteLength, `${what}: length`)
  for (let index = 0; index < expected.byteLength; index++) {
    if (actual[index] !== expected[index]) throw new Error(`${what}: byte ${index} should be ${expected[index]}, is ${actual[index]}`)
  }
}

export function equalNames(actual: readonly string[], expected: readonly string[], what: string): void {
  equal([...actual].sort().join(' '), [...expected].sort().join(' '), what)
}

/** Calls, and fails unless that rejects (or throws, where the method is a synchronous one) with a `BackendError` of this code. Gives the error. */
export async function rejects(code: BackendErrorCode, what: string, call: () => unknown): Promise<BackendError> {
  const error = await failure(call)
  if (error === undefined) throw new Error(`${what}: expected ${code}, but it succeeded`)
  if (!BackendError.is(error.value))
    throw new Error(`${what}: expected a BackendError ${code}, got ${String(error.value)}`, { cause: error.value })
  if (error.value.code !== code)
    throw new Error(`${what}: expected ${code}, got ${error.value.code}: ${error.value.message}`, { cause: error.value })
  return error.value
}

/** Calls, and gives what that rejects with or throws, in a box; `undefined` where it succeeds. */
export async function failure(call: () => unknown): Promise<{ readonly value: unknown } | undefined> {
  try {
    await call()
    return undefined
  } catch (value) {
    return { value }
  }
}

/** Calls, and says whether it was done: `false` where an open file forbids it (`BUSY`), which some media may say. */
export async function doneUnlessBusy(call: () => Promise<unknown>): Promise<boolean> {
  const error = await failure(call)
  if (error === undefined) return true
  if (BackendError.is(error.value) && error.value.code === 'BUSY') return false
  throw error.value
}

/** Waits for `promise`, but not for ever: a backend that hangs fails the case by name instead of hanging the suite. */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${milliseconds} ms`)), milliseconds)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
