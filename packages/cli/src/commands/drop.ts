import { Command } from 'commander'
import { countArgument } from '../arguments/quantity-arguments.js'
import type { Context } from '../context.js'
import { beginningOf, describeItems } from '../remove/count-items.js'
import { reading, writing } from '../store/with-store.js'
import { mustAgree } from '../terminal/confirm.js'
import { formatBytes } from '../terminal/quantities.js'
import { addCommonOptions, addYesOption, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  readonly yes?: true
}

export function dropCommand(context: Context): Command {
  const command = new Command('drop')
    .summary('remove a data file with all its items')
    .description('Removes a data file with all its items. Its index is not used again.')
    .argument('<STORE>', 'the store: a directory or a URL')
    .argument('<INDEX>', 'the number of the data file', countArgument)
  return addCommonOptions(addYesOption(command), 'drop blocks 3').action(async (path: string, index: number, { yes, json }: Options) => {
    if (!yes) {
      const items = await reading(path, (store) => describeItems(store, { from: beginningOf(index), to: beginningOf(index + 1) }))
      await mustAgree(`remove data file ${index} with its ${items}`, context)
    }
    const bytes = await writing(path, { create: false, overwrite: true }, (store) => store.dropIndex(index))
    if (json) context.out.write(`${JSON.stringify({ index, bytes })}\n`)
    else context.out.write(`removed data file ${index}, ${formatBytes(bytes)}\n`)
  })
}
