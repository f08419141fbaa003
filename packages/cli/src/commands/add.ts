import { formatLocation } from '@varve/core'
import { Command, Option } from 'commander'
import { type AddedItem, addItems, addTogether, describeAdded } from '../add/add-items.js'
import { findSources, type ItemSource, readItems } from '../add/item-source.js'
import { countArgument, durationArgument, hexArgument, sizeArgument } from '../arguments/quantity-arguments.js'
import type { Context } from '../context.js'
import { writing } from '../store/with-store.js'
import { type Progress, startProgress } from '../terminal/progress.js'
import { countOf } from '../terminal/quantities.js'
import { Results } from '../terminal/results.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  readonly lines?: true
  readonly nul?: true
  readonly transaction?: true
  readonly maxFileSize?: number
  readonly maxTransactionSize?: number
  readonly timeout?: number
  readonly prefix?: string
  readonly padding?: number
  readonly genesis?: Uint8Array
}

export function addCommand(context: Context): Command {
  const command = new Command('add')
    .summary('add files, or standard input, as items')
    .description(
      'Adds each FILE as an item, or standard input as one, and prints the location of each as soon as it is on stable storage: what is printed survives a power loss. ' +
        'Where there is no store it is made.',
    )
    .argument('<STORE>', 'the store: a directory or a URL')
    .argument('[FILE...]', 'files to add; - is standard input')
    .addOption(new Option('--lines', 'every line is an item; empty ones are left out').conflicts('nul'))
    .option('--nul', 'the same with items that end in a NUL byte, as find -print0 prints them')
    .option('--transaction', 'all or nothing: add everything in one transaction')
    .option('--max-transaction-size <SIZE>', 'how much that may be (default: 256MiB)', sizeArgument)
    .option('--max-file-size <SIZE>', 'no data file grows beyond it (default: 128MiB)', sizeArgument)
    .option('--timeout <TIME>', 'how long to wait for a disk that is busy (default: 30s)', durationArgument)
    .option('--prefix <LETTERS>', 'what a new store names its data files (default: data)')
    .option('--padding <DIGITS>', 'how many digits follow in the names (default: 5)', countArgument)
    .option('--genesis <HEX>', 'the four bytes that mark a new store (default: 56415256)', hexArgument)
  return addCommonOptions(command, 'add blocks photo.jpg notes.txt', 'add blocks --lines < events.log').action(
    async (path: string, files: string[], options: Options) => {
      const sources = await findSources(files, context)
      // It would look as if nothing happened.
      if (sources.some(({ name }) => name === '-') && context.in.isTTY) context.err.write('reading standard input, to its end (Ctrl-D)\n')
      await writing(path, storeOptions(options), (store) => {
        const printer = new Printer(context, sources, options)
        return printer.stoppingAfter(async () => {
          const common = { onDurable: (item: AddedItem) => printer.print(item), onAccepted: (bytes: number) => printer.accepted(bytes) }
          const separator = options.lines ? LINE_FEED : options.nul ? NUL : undefined
          const read = (signal: AbortSignal) => readItems(sources, { separator, signal, onEmpty: () => printer.empty++ })
          if (options.transaction) await addTogether(store, read(context.signal), common)
          else await addItems(store, (failed) => read(AbortSignal.any([context.signal, failed])), common)
        })
      })
    },
  )
}

const LINE_FEED = 10
const NUL = 0

function storeOptions({ maxFileSize, maxTransactionSize, timeout, prefix, padding, genesis }: Options) {
  return {
    ...(maxFileSize !== undefined && { maxFileSize }),
    ...(maxTransactionSize !== undefined && { maxTransactionSize }),
    ...(timeout !== undefined && { timeout }),
    ...(prefix !== undefined && { filePrefix: prefix }),
    ...(padding !== undefined && { filePadding: padding }),
    ...(genesis !== undefined && { genesisBytes: genesis }),
  }
}

/** Prints items as they become durable, and how far it is. */
class Printer {
  empty = 0
  readonly #context: Context
  readonly #results: Results
  readonly #progress: Progress
  readonly #json: boolean

  constructor(context: Context, sources: readonly ItemSource[], { json }: Options) {
    this.#context = context
    this.#results = new Results(context)
    this.#json = json === true
    const sizes = sources.map(({ size }) => size)
    const total = sizes.reduce((sum, size) => (sum === undefined || size === undefined ? undefined : sum + size), 0)
    this.#progress = startProgress(context.err, 'add', total)
  }

  accepted(bytes: number): void {
    this.#progress.advance(bytes)
  }

  async print(item: AddedItem): Promise<void> {
    const { location, source, number } = item
    const value = { location: formatLocation(location), size: location.size, source, ...(number !== undefined && { number }) }
    const line = this.#json ? JSON.stringify(value) : describeAdded(item)
    const { out, err, readerGone } = this.#context
    // That nobody reads what is printed is no reason to add less.
    if (readerGone.aborted) return
    // Both are the same screen: the line would run into the bar.
    if (out.isTTY && err.isTTY) return this.#progress.log(line)
    await this.#results.write(`${line}\n`)
    await this.#results.flush().catch((error: unknown) => {
      if (!readerGone.aborted) throw error
    })
  }

  async stoppingAfter(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } finally {
      this.#progress.stop()
      if (this.empty > 0) this.#context.err.write(`${countOf(this.empty, 'empty item')} left out: an item has at least one byte\n`)
    }
  }
}
