import { styleText } from 'node:util'
import { Command } from 'commander'
import { countArgument } from '../arguments/quantity-arguments.js'
import { type Context, noMoreOutput } from '../context.js'
import { CommandError, ExitCode } from '../exit-code.js'
import { findingLine, findingValue, INSPECT_HEADER } from '../inspect/describe-finding.js'
import { FileBytes } from '../inspect/file-bytes.js'
import { type Finding, inspectFile } from '../inspect/inspect-file.js'
import { type DataFile, type FoundStore, requireStore } from '../store/find-store.js'
import { openDataFile } from '../store/open-data-file.js'
import { Results } from '../terminal/results.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  /** Set by `--no-records`. */
  readonly records: boolean
}

export function inspectCommand(context: Context): Command {
  const command = new Command('inspect')
    .summary('show what a data file holds, as it lies on disk')
    .description(
      'Shows the header, the blocks, their groups and records of a data file, in order, as they lie on disk: what is torn, damaged or no block at all, too. FORMAT.md says what they mean. Without INDEX it shows the header of every file.',
    )
    .argument('<STORE>', 'the store: a directory or a URL')
    .argument('[INDEX]', 'the number of the data file', countArgument)
    .option('--no-records', 'blocks only')
  return addCommonOptions(command, 'inspect blocks', 'inspect blocks 3 --no-records').action(
    async (path: string, index: number | undefined, { json, records }: Options) => {
      const found = await requireStore(path)
      const results = new Results(context)
      const signal = noMoreOutput(context)
      const show = async (file: DataFile, isWanted: (finding: Finding) => boolean, isOverview: boolean): Promise<void> => {
        if (isOverview && !json) await results.write(`${file.name}\n`)
        for await (const finding of findingsIn(file, found)) {
          signal.throwIfAborted()
          const value = { ...(isOverview && { file: file.name }), ...findingValue(finding, file.index) }
          if (isWanted(finding)) await (json ? results.json(value) : results.write(`${findingLine(finding, file.index)}\n`))
          if (isOverview) break
        }
      }
      if (!json && context.out.isTTY) await results.write(`${styleText('bold', INSPECT_HEADER, { stream: context.out })}\n`)
      if (index === undefined) for (const file of found.files) await show(file, () => true, true)
      else await show(fileOf(found, index), ({ kind }) => records || kind !== 'record', false)
      await results.flush()
    },
  )
}

function fileOf({ files, name }: FoundStore, index: number): DataFile {
  const file = files.find((one) => one.index === index)
  if (file) return file
  const range = `${files[0]?.index} to ${files[files.length - 1]?.index}`
  throw new CommandError(ExitCode.notFound, `${name} has no data file ${index}; those that are there are from ${range}`)
}

async function* findingsIn(file: DataFile, found: FoundStore): AsyncGenerator<Finding, void, undefined> {
  const handle = await openDataFile(file, found)
  try {
    yield* inspectFile(await FileBytes.of(handle), { index: file.index, fallback: found.header })
  } finally {
    await handle.close()
  }
}
