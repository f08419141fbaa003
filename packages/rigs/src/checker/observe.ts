import type { ScannedItem, Varve } from '@varve/core'
import { contentOf } from '../programs/item-content.js'
import type { PlacedItem } from '../programs/ledger.js'

/** Something of the promise is broken. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

/** All that a store shows, forwards and backwards; each item of it has to be whole and one of `items`, in its place. */
export async function observe(store: Varve, items: readonly PlacedItem[]): Promise<readonly PlacedItem[]> {
  const forward: PlacedItem[] = []
  for await (const shown of store.scan()) forward.push(recognise(shown, items))
  for (let n = 1; n < forward.length; n++) {
    const [before, item] = [forward[n - 1] as PlacedItem, forward[n] as PlacedItem]
    if (before.sequence >= item.sequence) throw new BrokenPromise(`${describeItem(item)} is shown behind ${describeItem(before)}`)
  }
  let left = forward.length
  for await (const shown of store.scan({ reverse: true })) {
    if (recognise(shown, items) !== forward[--left]) throw new BrokenPromise(`the scan backwards shows sequence ${shown.sequence} where the one forwards does not`)
  }
  if (left > 0) throw new BrokenPromise(`the scan backwards leaves out ${left} items that the one forwards shows`)
  for (const item of forward) {
    const data = await store.read(item.location)
    if (!data || !isContentOf(item, data)) throw new BrokenPromise(`read gives other bytes than the scan for ${describeItem(item)}`)
  }
  return forward
}

function recognise({ location, data, sequence }: ScannedItem, items: readonly PlacedItem[]): PlacedItem {
  const { index, position, size } = location
  const item = items[sequence]
  const { location: own } = item ?? {}
  if (!item || own?.index !== index || own.position !== position || own.size !== size) {
    throw new BrokenPromise(`the scan shows ${size} bytes as sequence ${sequence} at ${index}:${position}, expected ${item ? describeItem(item) : 'nothing'}`)
  }
  if (!isContentOf(item, data)) throw new BrokenPromise(`the scan shows wrong bytes of ${describeItem(item)}`)
  return item
}

export function isContentOf({ number, size }: PlacedItem, data: Uint8Array): boolean {
  return Buffer.compare(contentOf(number, size), data) === 0
}

export function describeItem({ number, sequence, location: { index, position, size } }: PlacedItem): string {
  return `item ${number} with sequence ${sequence} at ${index}:${position}:${size}`
}
