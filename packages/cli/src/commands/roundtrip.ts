import { Command } from 'commander'
import type { Context } from '../context.js'
import { printReport } from '../roundtrip/report.js'
import { roundtrip } from '../roundtrip/roundtrip.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  readonly store?: string
  readonly keep?: true
}

export function roundtripCommand(context: Context): Command {
  const command = new Command('roundtrip')
    .summary('take every file of a directory through a store and back')
    .description(
      'Adds every file under DIR as an item to a store on disk, commits the last of them as one transaction, stops the store, ' +
        'opens it again, reads every item back and compares its SHA-256 with that of the file.\n\nSymbolic links, sockets, empty files and files larger than a data file are left out, and counted.',
    )
    .argument('[DIR]', 'the directory', '.')
    .option('--store <PATH>', 'the store to add to; it is kept (default: a new one in a temporary directory, removed at the end)')
    .option('--keep', 'keep the temporary store, and say where it is')
  return addCommonOptions(command, 'roundtrip ~/photos --store /mnt/disk/blocks').action(async (directory: string, options: Options) => {
    const report = await roundtrip({ directory, store: options.store, keep: options.keep === true }, context)
    if (options.json) context.out.write(`${JSON.stringify(report)}\n`)
    else printReport(report, context.out)
  })
}
