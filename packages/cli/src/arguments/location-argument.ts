import { type Location, parseLocation } from '@varve/core'
import { InvalidArgumentError } from 'commander'

/** `0:44:5` */
export function locationArgument(text: string): Location {
  try {
    return parseLocation(text)
  } catch {
    throw new InvalidArgumentError('A location reads INDEX:POSITION:SIZE, as varve list prints it.')
  }
}

/** `0:44:5`, or `0:44` where the size does not matter. */
export function placeArgument(text: string): Location {
  return locationArgument(/^\d+:\d+$/.test(text) ? `${text}:1` : text)
}
