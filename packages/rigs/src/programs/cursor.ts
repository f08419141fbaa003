import type { Varve } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'

/** The one cursor that a program has. */
export const CURSOR = 'reader'

/** Where it is, by its file; 0 where it has none. */
export async function cursorOf(store: Varve): Promise<number> {
  const found = (await store.cursors()).find(({ name }) => name === CURSOR)
  if (found && found.position === undefined) throw new BrokenPromise('the cursor is damaged')
  return found?.position ?? 0
}
