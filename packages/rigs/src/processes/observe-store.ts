import { formatLocation, type Location, type ScannedItem, type Varve } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { idOf, type Mark, readMark } from './marked-item.js'
import type { ShownItem } from './report.js'

/** All that a store shows: forwards and backwards, and each item read by its location as well. Throws where a byte of it is wrong. */
export async function observeStore(store: Varve): Promise<readonly ShownItem[]> {
  const shown: ShownItem[] = []
  for await (const item of store.scan()) shown.push(recognise(item))
  let left = shown.length
  for await (const item of store.scan({ reverse: true })) {
    const { life, number } = recognise(item)
    const expected = shown[--left]
    if (expected?.life !== life || expected.number !== number) {
      throw new BrokenPromise(
        `the scan backwards shows item ${life}.${number} where the one forwards shows ${expected ? idOf(expected) : 'nothing'}`,
      )
    }
  }
  if (left > 0) throw new BrokenPromise(`the scan backwards leaves out ${left} items that the one forwards shows`)
  const items = await store.readMany(shown.map(({ location }) => location))
  items.forEach((data, n) => {
    const { location, life, number } = shown[n] as ShownItem
    assertIs(data, { life, number }, location)
  })
  return shown
}

/** Whose item a scan shows. Throws where its bytes are no item's. */
export function recognise({ location, data, sequence }: ScannedItem): ShownItem {
  const mark = readMark(data)
  if (!mark || data.length !== location.size)
    throw new BrokenPromise(`a scan shows wrong bytes at ${formatLocation(location)}, sequence ${sequence}`)
  return { ...mark, location, sequence }
}

/** Throws unless these are the bytes of that item. */
export function assertIs(data: Uint8Array | undefined, mark: Pick<Mark, 'life' | 'number'>, location: Location): void {
  const found = data && readMark(data)
  if (found?.life === mark.life && found.number === mark.number && data?.length === location.size) return
  const what = found ? `item ${idOf(found)}` : data ? 'wrong bytes' : 'nothing'
  throw new BrokenPromise(`${what} is read at ${formatLocation(location)}, where item ${idOf(mark)} is`)
}
