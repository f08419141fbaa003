// Stands for `support/event-loop.ts` of the engine's tests where the files are not in memory: a turn is one in which no call of the backend is under way.
import { Varve } from '@varve/core'
import { callsUnderWay } from './under-way.js'

export async function settle(turns = 20): Promise<void> {
  await Varve.preload()
  for (let turn = 0; turn < turns; ) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    turn = callsUnderWay() > 0 ? 0 : turn + 1
  }
}

export async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  const pending = Symbol('pending')
  try {
    await settle()
    return (await Promise.race([promise, Promise.resolve(pending)])) === pending ? 'pending' : 'resolved'
  } catch {
    return 'rejected'
  }
}
