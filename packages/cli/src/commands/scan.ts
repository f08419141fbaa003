import { Command } from 'commander'
import type { Context } from '../context.js'
import { addFormatOptions, type FormatOptions, printerOptions } from '../scan/format-options.js'
import { itemPrinter } from '../scan/item-printer.js'
import { addSelectionOptions, Selection, type SelectionOptions } from '../scan/scan-selection.js'
import { reading } from '../store/with-store.js'
import { Results } from '../terminal/results.js'
import { addCommonOptions } from './common-options.js'

export function scanCommand(context: Context): Command {
  const command = new Command('scan')
    .summary('print the items themselves')
    .description('Prints the items, in the order of adding. Every one is checked before it is printed.')
    .argument('<STORE>', 'the store: a directory or a URL')
  addFormatOptions(addSelectionOptions(command), ['raw', 'jsonl', 'hex', 'tar'])
  return addCommonOptions(command, 'scan blocks --lines | head', 'scan blocks --format tar > items.tar').action(
    async (path: string, options: FormatOptions & SelectionOptions) => {
      await reading(path, async (store) => {
        const results = new Results(context)
        const selection = new Selection(options, context)
        const printer = itemPrinter(results, printerOptions(options))
        for await (const item of selection.of(store.scan(selection.scan))) await printer.print(item)
        await printer.end()
        await results.flush()
        selection.end()
      })
    },
  )
}
