import { VarveError } from '../errors.js'
import { RECORD_HEADER_BYTES } from '../format/record.js'
import { formatLocation, type Location } from '../location.js'
import { BlockCursor, type PlacedBlock, recordSizeAt } from './block-cursor.js'
import type { FileWindow } from './file-window.js'
import type { Loading } from './loads.js'

/**
 * Why the bytes at a location are not its item: returns where there is nothing and never was, or no more; throws `INVALID_LOCATION` where no
 * item of that size starts there, and `CORRUPT` where one does, or where damage hides whether one does. Goes through the file from its beginning: it is the way of the error.
 */
export function* diagnose(window: FileWindow, location: Location, storeSeed: number, tailMayBeTorn: boolean): Loading<void> {
  const { open } = window
  const cursor = new BlockCursor(window, storeSeed)
  const { position } = location
  for (let block = yield* cursor.nextLoading(); block; block = yield* cursor.nextLoading()) {
    if (position < block.start) {
      // Where a file ends in a closing block, an item may have been before a trim.
      if (block.header.close && block.end === open.end) return
      throw invalid(open, location, `a block header is at position ${block.position}`)
    }
    if (position < block.end) return yield* diagnoseInBlock(window, block, location)
  }
  if (tailMayBeTorn || (yield* isRestZero(window, cursor.position))) return
  throw new VarveError('CORRUPT', `read ${formatLocation(location)}: ${open.name} is damaged at position ${cursor.position}: a block header was expected there`)
}

function* diagnoseInBlock(window: FileWindow, block: PlacedBlock, location: Location): Loading<never> {
  const { open } = window
  for (let position = block.start; position + RECORD_HEADER_BYTES <= block.end; ) {
    if (!window.has(position, RECORD_HEADER_BYTES) && !(yield { position, least: RECORD_HEADER_BYTES })) break
    const size = recordSizeAt(window, position, block.end)
    if (size === undefined) break
    if (position === location.position) {
      if (size !== location.size) throw invalid(open, location, `the item there has ${size} bytes`)
      break
    }
    position += RECORD_HEADER_BYTES + size
    if (position > location.position) throw invalid(open, location, 'it is inside another item')
  }
  throw new VarveError(
    'CORRUPT',
    `read ${formatLocation(location)}: ${open.name} is damaged in the block from position ${block.position} to ${block.end}: the record's checksum is wrong`,
  )
}

/** Whether the file holds nothing but zeros from `position` on: space that was never written. */
export function* isRestZero(window: FileWindow, position: number): Loading<boolean> {
  for (let at = position; at < window.open.end; at = window.end) {
    if (!(yield { position: at, least: 1 })) return true
    if (window.bytes.some((byte) => byte !== 0)) return false
  }
  return true
}

export function invalid(open: { readonly name: string }, location: Location, why: string): VarveError {
  return new VarveError('INVALID_LOCATION', `read ${formatLocation(location)}: no item of ${location.size} bytes starts there in ${open.name}; ${why}`)
}
