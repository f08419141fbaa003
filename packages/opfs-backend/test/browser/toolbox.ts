import { Varve, VarveError } from '@varve/core'
import { opfsBackend, opfsPageBackend, persist, storageStatus } from '@varve/opfs-backend'

/** An item of `size` bytes that is unlike the others. */
export function item(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = (seed * 2654435761 + 1) >>> 0
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** The code of the error that a call comes to, with the message; fails where it comes to none. */
async function failure(call: () => unknown): Promise<{ code: string; message: string; pending: boolean }> {
  try {
    await call()
  } catch (error) {
    const { code, message, pending = false } = error as VarveError
    return { code, message, pending }
  }
  throw new Error('it did not fail')
}

/** Every item that a scan finds, as its seed: fails where it is none that {@link item} made, or is found another way by its location. */
async function seedsOf(db: Varve, size: number): Promise<number[]> {
  const seeds: number[] = []
  for await (const { data, sequence, location } of db.scan()) {
    const expected = item(size, sequence)
    const read = (await db.read(location)) ?? new Uint8Array()
    for (const bytes of [data, read]) {
      if (bytes.length !== size || bytes.some((byte, at) => byte !== expected[at]))
        throw new Error(`item ${sequence} is not what was added`)
    }
    seeds.push(sequence)
  }
  return seeds
}

/** What the code of a test has at hand, on a page and in a worker. */
export const toolbox = { Varve, VarveError, opfsBackend, opfsPageBackend, persist, storageStatus, item, failure, seedsOf }

export type Toolbox = typeof toolbox
