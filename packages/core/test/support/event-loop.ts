import { Varve } from '@varve/core'

/**
 * Lets the event loop turn until everything that can run has run. The memory backend answers at once, so what is still pending
 * after that waits for something that the test holds. Code that is loaded on first use is loaded before the turns are counted: how long that takes is up to the disk.
 */
export async function settle(turns = 20): Promise<void> {
  await Varve.preload()
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Whether a promise is settled by now, and how. */
export async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  const pending = Symbol('pending')
  try {
    await settle()
    return (await Promise.race([promise, Promise.resolve(pending)])) === pending ? 'pending' : 'resolved'
  } catch {
    return 'rejected'
  }
}
