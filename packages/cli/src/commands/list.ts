import { styleText } from 'node:util'
import { Command } from 'commander'
import type { Context } from '../context.js'
import { itemValue, LIST_HEADER, listLine } from '../scan/item-line.js'
import { addSelectionOptions, Selection, type SelectionOptions } from '../scan/scan-selection.js'
import { reading } from '../store/with-store.js'
import { Results } from '../terminal/results.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

export function listCommand(context: Context): Command {
  const command = new Command('list')
    .summary('list the locations of the items')
    .description(
      'Prints a line for each item, in the order of adding: its location, sequence, time and size. What the items hold is not read.',
    )
    .argument('<STORE>', 'the store: a directory or a URL')
  return addCommonOptions(addSelectionOptions(command), 'list blocks --reverse --limit 10', 'list blocks --from 2h --json').action(
    async (path: string, options: CommonOptions & SelectionOptions) => {
      await reading(path, async (store) => {
        const results = new Results(context)
        const selection = new Selection(options, context)
        if (!options.json && context.out.isTTY) await results.write(`${styleText('bold', LIST_HEADER, { stream: context.out })}\n`)
        for await (const item of selection.of(store.locations(selection.scan))) {
          await (options.json ? results.json(itemValue(item)) : results.write(`${listLine(item)}\n`))
        }
        await results.flush()
        selection.end()
      })
    },
  )
}
