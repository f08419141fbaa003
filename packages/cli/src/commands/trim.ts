import { formatLocation, type Location } from '@varve/core'
import { Command } from 'commander'
import { placeArgument } from '../arguments/location-argument.js'
import { hexArgument } from '../arguments/quantity-arguments.js'
import type { Context } from '../context.js'
import { beginningOf, describeItems } from '../remove/count-items.js'
import { reading, writing } from '../store/with-store.js'
import { mustAgree } from '../terminal/confirm.js'
import { formatBytes } from '../terminal/quantities.js'
import { addCommonOptions, addYesOption, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  readonly yes?: true
  readonly expect?: Uint8Array
}

export function ltrimCommand(context: Context): Command {
  const command = new Command('ltrim')
    .summary("remove a file's items before a location")
    .description(
      'Removes the items of a data file that stand before LOCATION, which is the first one to keep. No location changes; those removed read as nothing for ever.',
    )
    .option('--expect <HEX>', 'do it only if the last item removed ends in these bytes', hexArgument)
  return trimCommand(command, 'left', context)
}

export function rtrimCommand(context: Context): Command {
  const command = new Command('rtrim')
    .summary("remove a file's items from a location on")
    .description(
      'Removes the items of a data file from LOCATION on, which is the first one to remove. No location changes; those removed read as nothing for ever, and the file is not added to any more.',
    )
    .option('--expect <HEX>', 'do it only if the first item removed begins with these bytes', hexArgument)
  return trimCommand(command, 'right', context)
}

function trimCommand(command: Command, side: 'left' | 'right', context: Context): Command {
  const name = command.name()
  command
    .argument('<STORE>', 'the store: a directory or a URL')
    .argument('<LOCATION>', 'an item of the file; INDEX:POSITION is enough', placeArgument)
  return addCommonOptions(addYesOption(command), `${name} blocks 3:44:1000`, `${name} blocks 3:44 --yes --expect 0d0a`).action(
    async (path: string, location: Location, { yes, expect, json }: Options) => {
      const { index, position } = location
      if (!yes) await mustAgree(await reading(path, (store) => question(store, side, location)), context)
      const bytes = await writing(path, { create: false, overwrite: true }, (store) => {
        const options = expect && { expect }
        return side === 'left' ? store.ltrim(index, position, options) : store.rtrim(index, position, options)
      })
      if (json) context.out.write(`${JSON.stringify({ index, position, side, bytes })}\n`)
      else context.out.write(`removed ${formatBytes(bytes)} of items\n`)
    },
  )
}

async function question(store: Parameters<typeof describeItems>[0], side: 'left' | 'right', location: Location): Promise<string> {
  const { index } = location
  const here = { location }
  const place = formatLocation(location).replace(/:\d+$/, '')
  return side === 'left'
    ? `remove ${await describeItems(store, { from: beginningOf(index), to: here })}, all of data file ${index} before ${place}`
    : `remove ${await describeItems(store, { from: here, to: beginningOf(index + 1) })}, all of data file ${index} from ${place} on`
}
