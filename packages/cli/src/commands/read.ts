import type { Location } from '@varve/core'
import { Command, InvalidArgumentError } from 'commander'
import { locationArgument } from '../arguments/location-argument.js'
import type { Context } from '../context.js'
import { type Range, readItems } from '../read/read-items.js'
import { requestedLocations } from '../read/requested-locations.js'
import { reading } from '../store/with-store.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  readonly out?: string
  readonly range?: Range
}

export function readCommand(context: Context): Command {
  const command = new Command('read')
    .summary('print the items at these locations, or write them to files')
    .description(
      "Prints the items at these locations, one after the other and with nothing between them. Each is checked first, but for those larger than 16 MiB, which are checked at their end, and for a part of one, which can't be.",
    )
    .argument('<STORE>', 'the store: a directory or a URL')
    .argument(
      '[LOCATION...]',
      'locations; without any they come on standard input, the first word of each line',
      (text, before: Location[] = []) => [...before, locationArgument(text)],
    )
    .option('--out <DIR>', 'write each item to a file of its own there, named after its location')
    .option('--range <START-END>', 'only the bytes from START to before END; either may be left out', rangeArgument)
  return addCommonOptions(command, 'read blocks 0:44:5', 'list blocks --limit 3 | varve read blocks --out items').action(
    async (path: string, locations: Location[] | undefined, { out, range, json, debug }: Options) => {
      await reading(path, (store) =>
        readItems(store, requestedLocations(locations ?? [], context), { out, range, json: json === true, debug: debug === true }, context),
      )
    },
  )
}

function rangeArgument(text: string): Range {
  const match = /^(\d*)-(\d*)$/.exec(text)
  const start = Number(match?.[1] || 0)
  const end = match?.[2] ? Number(match[2]) : undefined
  if (!match || text === '-' || (end !== undefined && end < start)) throw new InvalidArgumentError('A range reads 0-100, 100- or -100.')
  return { start, end }
}
