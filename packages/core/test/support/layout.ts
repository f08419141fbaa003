import type { Location, Varve } from '@varve/core'
import { item } from './items.js'

export interface LaidItem {
  readonly location: Location
  readonly data: Uint8Array
}

let seed = 1000

/** Adds items of these sizes and lays each list down as one block. */
export async function layBlocks(db: Varve, ...blocks: readonly (readonly number[])[]): Promise<LaidItem[][]> {
  const laid: LaidItem[][] = []
  for (const sizes of blocks) {
    const block: LaidItem[] = []
    for (const size of sizes) {
      const data = item(size, ++seed)
      block.push({ location: await db.add(data), data })
    }
    await db.flush()
    laid.push(block)
  }
  return laid
}

/** Adds items of these sizes, without a flush. */
export async function addItems(db: Varve, ...sizes: readonly number[]): Promise<LaidItem[]> {
  const added: LaidItem[] = []
  for (const size of sizes) {
    const data = item(size, ++seed)
    added.push({ location: await db.add(data), data })
  }
  return added
}

/** Commits items of these sizes as one transaction. */
export async function commitItems(db: Varve, ...sizes: readonly number[]): Promise<LaidItem[]> {
  const transaction = db.transaction()
  const datas = sizes.map((size) => item(size, ++seed))
  for (const data of datas) transaction.add(data)
  const locations = await transaction.commit()
  return locations.map((location, n) => ({ location, data: datas[n] as Uint8Array }))
}

/** Fills files until the store writes to the one with that index; every item is flushed. */
export async function fillUpTo(db: Varve, index: number, size = 100): Promise<LaidItem[]> {
  const laid: LaidItem[] = []
  for (;;) {
    const [added] = await addItems(db, size)
    await db.flush()
    laid.push(added as LaidItem)
    if ((added as LaidItem).location.index >= index) return laid
  }
}
