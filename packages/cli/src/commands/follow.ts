import type { ScanPoint } from '@varve/core'
import { Command } from 'commander'
import { POINT, pointArgument } from '../arguments/point-argument.js'
import { countArgument } from '../arguments/quantity-arguments.js'
import type { Context } from '../context.js'
import { addFormatOptions, type FormatOptions, printerOptions } from '../scan/format-options.js'
import { itemPrinter } from '../scan/item-printer.js'
import { Selection } from '../scan/scan-selection.js'
import { reading } from '../store/with-store.js'
import { Results } from '../terminal/results.js'
import { addCommonOptions } from './common-options.js'

interface Options extends FormatOptions {
  readonly from?: ScanPoint
  readonly limit?: number
}

export function followCommand(context: Context): Command {
  const command = new Command('follow')
    .summary('print items as they come, beside a writer')
    .description('Prints the items that another process adds, as it lays them down, until it is interrupted.')
    .argument('<STORE>', 'the store: a directory or a URL')
    .option('--from <POINT>', `begin with what is there from then on: ${POINT} (default: only what comes)`, pointArgument)
    .option('--limit <COUNT>', 'end after so many', countArgument)
  addFormatOptions(command, ['list', 'raw', 'jsonl', 'hex'])
  return addCommonOptions(command, 'follow blocks', 'follow blocks --from 0 --lines').action(async (path: string, options: Options) => {
    await reading(path, async (store) => {
      const results = new Results(context)
      const printer = itemPrinter(results, printerOptions(options))
      const from = options.from ?? { sequence: (await store.stats()).nextSequence }
      const selection = new Selection({ from, ...(options.limit !== undefined && { limit: options.limit }) }, context)
      try {
        for await (const item of selection.of(store.scan({ ...selection.scan, follow: true }))) {
          await printer.print(item)
          await results.flush()
        }
      } catch (error) {
        // That is how following ends.
        if (!context.signal.aborted || error !== context.signal.reason) throw error
      }
    })
  })
}
