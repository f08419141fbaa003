import { Command } from 'commander'
import type { Context } from '../context.js'
import { CommandError, ExitCode } from '../exit-code.js'
import { type FoundStore, findStore } from '../store/find-store.js'
import { placeOf, type StorePlace } from '../store/store-place.js'
import { reading } from '../store/with-store.js'
import { startProgress } from '../terminal/progress.js'
import { countOf, formatBytes } from '../terminal/quantities.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  readonly full?: true
}

export function copyCommand(context: Context): Command {
  const command = new Command('copy')
    .summary('copy a store, in use or not, or bring a copy up to date')
    .description(
      'Copies all that is durable in STORE to DEST, beside whoever writes to it, and reads back what it wrote. DEST is a store of its own then, with the same locations. Done again it copies only what is new, and follows trims and drops. ' +
        'What is interrupted leaves a valid store of a part of the items, and goes on next time.',
    )
    .argument('<STORE>', 'the store: a directory or a URL')
    .argument('<DEST>', 'the place of the copy: new, empty or an earlier copy')
    .option('--full', 'write every file anew, also those that an earlier copy brought')
  return addCommonOptions(command, 'copy blocks /backup/blocks').action(async (path: string, destination: string, options: Options) => {
    await reading(path, async (store, found) => {
      const place = await placeOf(destination)
      await refuseOther(found, place)
      const progress = startProgress(context.err, 'copy', (await store.stats()).bytes)
      let done = 0
      const report = await store
        .copyTo(place.backend, {
          incremental: !options.full,
          signal: context.signal,
          onProgress: ({ bytes }) => {
            progress.advance(bytes - done)
            done = bytes
          },
        })
        .finally(() => progress.stop())
      if (options.json) {
        context.out.write(`${JSON.stringify(report)}\n`)
        return
      }
      const { files, bytes, copiedBytes, removedFiles } = report
      const removed =
        removedFiles > 0 ? `, ${countOf(removedFiles, 'file')} removed that ${removedFiles === 1 ? 'was' : 'were'} dropped` : ''
      context.out.write(
        `${formatBytes(copiedBytes)} written${removed}; ${destination} has ${countOf(files, 'file')}, ${formatBytes(bytes)}\n`,
      )
    })
  })
}

/** Where DEST holds another store: nothing of it is touched. */
export async function refuseOther({ header }: FoundStore, destination: StorePlace): Promise<void> {
  const there = (await findStore(destination))?.header
  if (header && there && Buffer.compare(header.storeId, there.storeId) !== 0)
    throw new CommandError(
      ExitCode.usage,
      `${destination.name} holds another store; choose a place that is new, or one that this store was copied to`,
    )
}
