import type { Location } from '@varve/core'
import { splitItems } from '../add/split-items.js'
import { locationArgument } from '../arguments/location-argument.js'
import { type Context, noMoreOutput } from '../context.js'
import { CommandError, ExitCode } from '../exit-code.js'
import { readInput } from '../terminal/read-input.js'

const LINE_FEED = 10

/** The locations that were given, or those on standard input: the first word of each line, or its `location` where the line is JSON. So what `add` and `list` print can be read. */
export async function* requestedLocations(given: readonly Location[], context: Context): AsyncGenerator<Location, void, undefined> {
  if (given.length > 0) return yield* given
  let number = 0
  for await (const bytes of splitItems(readInput(context.in, noMoreOutput(context)), LINE_FEED)) {
    number++
    const line = Buffer.from(bytes).toString().trim()
    if (line !== '') yield locationIn(line, number)
  }
}

function locationIn(line: string, number: number): Location {
  try {
    return locationArgument(line.startsWith('{') ? String(JSON.parse(line).location) : (line.split(/\s/, 1)[0] as string))
  } catch (cause) {
    throw new CommandError(ExitCode.usage, `line ${number} of standard input does not begin with a location: ${line.slice(0, 64)}`, {
      cause,
    })
  }
}
