import { Command } from 'commander'
import type { Context } from '../context.js'
import { exportItems } from '../export/export-items.js'
import { addSelectionOptions, Selection, type SelectionOptions } from '../scan/scan-selection.js'
import { sizeOfFiles } from '../store/find-store.js'
import { reading } from '../store/with-store.js'
import { startProgress } from '../terminal/progress.js'
import { countOf, formatBytes } from '../terminal/quantities.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

export function exportCommand(context: Context): Command {
  const command = new Command('export')
    .summary('write every item to a file, with a manifest')
    .description(
      'Writes every item to a file of its own in DIR, which is made and must be empty, and a manifest.jsonl with a line for each: location, sequence, timestamp, size, file and sha256. The manifest is there when everything else is.',
    )
    .argument('<STORE>', 'the store: a directory or a URL')
    .argument('<DIR>', 'where the files go')
  return addCommonOptions(addSelectionOptions(command), 'export blocks items').action(
    async (path: string, directory: string, options: CommonOptions & SelectionOptions) => {
      await reading(path, async (store, found) => {
        const selection = new Selection(options, context)
        const isAll = !options.from && !options.to && options.limit === undefined
        const progress = startProgress(context.err, 'export', isAll ? await sizeOfFiles(found) : undefined)
        try {
          const items = selection.of(store.scan(selection.scan))
          const report = await exportItems(items, directory, (bytes) => progress.advance(bytes))
          if (options.json) context.out.write(`${JSON.stringify(report)}\n`)
          else
            context.out.write(
              `${countOf(report.items, 'item')}, ${formatBytes(report.bytes)} in ${directory}, listed in ${report.manifest}\n`,
            )
        } finally {
          progress.stop()
        }
        selection.end()
      })
    },
  )
}
