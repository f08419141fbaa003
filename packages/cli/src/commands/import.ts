import { formatLocation } from '@varve/core'
import { Argument, Command } from 'commander'
import { countArgument, hexArgument } from '../arguments/quantity-arguments.js'
import type { Context } from '../context.js'
import { CommandError, ExitCode } from '../exit-code.js'
import { AiodiskdbFiles } from '../import/aiodiskdb-files.js'
import { checkList } from '../import/check-list.js'
import { importItems } from '../import/import-items.js'
import { type ListedItem, type Refusal, readLocationList } from '../import/listed-item.js'
import { directoryOf } from '../store/store-place.js'
import { startProgress } from '../terminal/progress.js'
import { countOf } from '../terminal/quantities.js'
import { Results } from '../terminal/results.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  readonly locations: string
  readonly prefix: string
  readonly padding: number
  readonly genesis?: Uint8Array
}

const GENESIS_BYTES = 4
// More would hide the last line, which says what came of it.
const MOST_REFUSALS = 20

export function importCommand(context: Context): Command {
  const command = new Command('import')
    .summary('take over the items of a store that aiodiskdb wrote')
    .description(
      'Adds the items that the list names to STORE, all or none, in the order of the list, and prints where each was and where it is now, once all are on stable storage. ' +
        "Nothing in aiodiskdb's files tells items apart: the list is what its owner kept. It holds lines of JSON with index, position and size (and the sha256, if it is to be compared), or records of 12 bytes. " +
        'What was trimmed is left out; what does not fit is told by its line, and nothing is imported then.',
    )
    .addArgument(new Argument('<FORMAT>', 'what wrote it').choices(['aiodiskdb']))
    .argument('<DIR>', 'its directory; no program may write to it meanwhile')
    .argument('<STORE>', 'the directory of the store, new or not')
    .requiredOption('--locations <FILE>', 'the list of locations')
    .option('--prefix <LETTERS>', "what aiodiskdb's files are named", 'data')
    .option('--padding <DIGITS>', 'how many digits follow in their names', countArgument, 5)
    .option('--genesis <HEX>', 'the four bytes that they begin with (default: 0dce8f37)', hexArgument)
  return addCommonOptions(command, 'import aiodiskdb old blocks --locations locations.jsonl').action(
    (_: string, directory: string, path: string, options: Options) =>
      runImport(directory, directoryOf(path, 'varve import'), options, context),
  )
}

const DEFAULT_GENESIS = Uint8Array.of(0x0d, 0xce, 0x8f, 0x37)

async function runImport(
  directory: string,
  path: string,
  { locations, json, prefix, padding, genesis = DEFAULT_GENESIS }: Options,
  context: Context,
): Promise<void> {
  if (genesis.length !== GENESIS_BYTES)
    throw new CommandError(ExitCode.usage, `the genesis bytes are four: --genesis 0dce8f37; these are ${genesis.length}`)
  const list = await readLocationList(locations)
  const files = new AiodiskdbFiles(directory, { prefix, padding, genesis })
  try {
    const { items, trimmed, refusals } = await checkList(list.items, files)
    refuse([...list.refusals, ...refusals], context)
    const totalBytes = items.reduce((sum, { location }) => sum + location.size, 0)
    const progress = startProgress(context.err, 'import', totalBytes)
    const imported = await importItems(path, { files, items, signal: context.signal, onItem: (bytes) => progress.advance(bytes) }).finally(
      () => progress.stop(),
    )
    const moved = new Map(items.map((item, n) => [item, imported[n]]))
    const results = new Results(context)
    const print = async (item: ListedItem): Promise<void> => {
      const from = formatLocation(item.location)
      const location = moved.get(item)
      const to = location ? formatLocation(location) : null
      await (json ? results.json({ from, to }) : results.write(`${from} → ${to ?? 'trimmed'}\n`))
    }
    for (const item of list.items) await print(item)
    await results.flush()
    const left = trimmed.length > 0 ? `; ${countOf(trimmed.length, 'was', 'were')} trimmed` : ''
    context.err.write(`${countOf(items.length, 'item')} imported into ${path}${left}\n`)
  } finally {
    await files.close()
  }
}

/** Tells every line that does not fit, so that all can be mended at once. */
function refuse(refusals: readonly Refusal[], { err }: Context): void {
  if (refusals.length === 0) return
  const inOrder = [...refusals].sort((a, b) => a.line - b.line)
  for (const { line, why } of inOrder.slice(0, MOST_REFUSALS)) err.write(`line ${line}: ${why}\n`)
  throw new CommandError(
    ExitCode.failed,
    `${countOf(refusals.length, 'line')} of the list ${refusals.length === 1 ? 'does' : 'do'} not fit; nothing was imported`,
  )
}
