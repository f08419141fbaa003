import type { ScannedItem, Varve } from '@varve/core'
import { contentOf } from '../programs/item-content.js'
import type { PlacedItem } from '../programs/ledger.js'
import { BrokenPromise } from './broken-promise.js'

/** An item as a store shows it. */
export type Sighting = Pick<ScannedItem, 'location' | 'sequence' | 'data'>

/** All that a store shows. */
export async function sightingsOf(store: Varve): Promise<Sighting[]> {
  const sightings: Sighting[] = []
  for await (const { location, sequence, data } of store.scan()) sightings.push({ location, sequence, data })
  return sightings
}

/** The scan backwards and reads one by one have to give what the scan forwards has shown. */
export async function assertShownAlike(store: Varve, shown: readonly Sighting[]): Promise<void> {
  let left = shown.length
  for await (const item of store.scan({ reverse: true })) {
    const same = shown[--left]
    if (!same || !isSame(same, item))
      throw new BrokenPromise(`the scan backwards shows ${describe(item)}, the one forwards ${same ? describe(same) : 'nothing'} there`)
  }
  if (left > 0) throw new BrokenPromise(`the scan backwards leaves out ${left} items that the one forwards shows`)
  for (const item of shown) {
    const data = await store.read(item.location)
    if (!data || !isSame(item, { ...item, data })) throw new BrokenPromise(`read gives other bytes than the scan for ${describe(item)}`)
  }
}

/** The items that were seen: each of them whole, one of `items`, in its place, and in order. */
export function recognise(sightings: readonly Sighting[], items: readonly PlacedItem[]): PlacedItem[] {
  let last = -1
  return sightings.map((sighting) => {
    const item = items[sighting.sequence]
    if (!item || !isAt(item, sighting))
      throw new BrokenPromise(`there is ${describe(sighting)}, expected there ${item ? describe(item) : 'nothing'}`)
    if (!isContentOf(item, sighting.data)) throw new BrokenPromise(`wrong bytes are shown of item ${item.number}, ${describe(item)}`)
    if (sighting.sequence <= last) throw new BrokenPromise(`${describe(sighting)} is shown behind sequence ${last}`)
    last = sighting.sequence
    return item
  })
}

export function isContentOf({ number, size }: Pick<PlacedItem, 'number' | 'size'>, data: Uint8Array): boolean {
  return Buffer.compare(contentOf(number, size), data) === 0
}

/** For messages. */
export function describe({ sequence, location: { index, position, size } }: Pick<Sighting, 'sequence' | 'location'>): string {
  return `sequence ${sequence} at ${index}:${position}:${size}`
}

function isSame(a: Sighting, b: Sighting): boolean {
  return isAt(a, b) && a.sequence === b.sequence && Buffer.compare(a.data, b.data) === 0
}

function isAt({ location: a }: Pick<Sighting, 'location'>, { location: b }: Pick<Sighting, 'location'>): boolean {
  return a.index === b.index && a.position === b.position && a.size === b.size
}
