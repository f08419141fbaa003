import { parseLocation, type ScanPoint } from '@varve/core'
import { InvalidArgumentError } from 'commander'
import { durationOf } from './quantity-arguments.js'

/** What {@link pointArgument} takes, for help texts. */
export const POINT = 'a location, a sequence, a time (2026-01-31, 2026-01-31T12:00Z) or so long ago (30s, 2h)'

/** A place in the order of adding: a location, a sequence, a date, or how long ago. */
export function pointArgument(text: string): ScanPoint {
  if (/^\d+$/.test(text)) return { sequence: Number(text) }
  if (/^\d+:\d+:\d+$/.test(text)) {
    try {
      return { location: parseLocation(text) }
    } catch {
      throw invalid()
    }
  }
  const ago = durationOf(text)
  if (ago !== undefined) return { time: Date.now() - ago }
  const time = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw invalid()
  return { time }
}

function invalid(): InvalidArgumentError {
  return new InvalidArgumentError(`It is ${POINT}.`)
}
