import { type ReplicationProgress, replicate } from '@varve/core'
import { Command, Option } from 'commander'
import { durationArgument } from '../arguments/quantity-arguments.js'
import type { Context } from '../context.js'
import { placeOf } from '../store/store-place.js'
import { reading } from '../store/with-store.js'
import { formatBytes } from '../terminal/quantities.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'
import { refuseOther } from './copy.js'

interface Options extends CommonOptions {
  readonly interval: number
  readonly once?: true
}

export function replicateCommand(context: Context): Command {
  const command = new Command('replicate')
    .summary('keep a copy of a store in use up to date')
    .description(
      'Copies STORE to DEST and keeps the copy up to date, beside the process that writes to STORE, until it is interrupted. Only what is proven to be durable is copied, so the copy never has what STORE could lose in a crash; the very last write follows a quarter of a second later, by when that process has written again or says that it rests. ' +
        'DEST can be read at any moment, and written to once this has ended. Where DEST fails it is tried again; begun again, it goes on from what is there.',
    )
    .argument('<STORE>', 'the store: a directory or a URL')
    .argument('<DEST>', 'the place of the copy: new, empty or an earlier copy')
    .addOption(new Option('--interval <TIME>', 'how often it is looked for more').argParser(durationArgument).default(500, '500ms'))
    .option('--once', 'end when the copy has all that is proven to be durable')
  return addCommonOptions(command, 'replicate blocks /backup/blocks', 'replicate blocks s3://backup/blocks --interval 5s').action(
    async (path: string, destination: string, { interval, once, json }: Options) => {
      await reading(path, async (store, found) => {
        const place = await placeOf(destination)
        await refuseOther(found, place)
        const tell = json ? progressLines(context) : stateLines(context, destination)
        const replication = replicate(store, place.backend, { interval, signal: context.signal, onProgress: tell })
        if (once)
          replication.caughtUp().then(
            () => replication.stop(),
            () => undefined,
          )
        await replication.done
      })
    },
  )
}

/** Each step as JSON. */
function progressLines({ out }: Context): (progress: ReplicationProgress) => void {
  let last = ''
  return ({ error, ...progress }) => {
    const line = JSON.stringify({ ...progress, ...(error && { error: error.message }) })
    const key = JSON.stringify([progress.state, progress.sequence, progress.copiedBytes, error?.message])
    if (key !== last) out.write(`${line}\n`)
    last = key
  }
}

/** What a person wants to know: when the copy has caught up, when it fails and goes on again, and what was done in the end. */
function stateLines({ out, err }: Context, destination: string): (progress: ReplicationProgress) => void {
  let last: ReplicationProgress['state'] | undefined
  return ({ state, sequence, copiedBytes, error }) => {
    if (state === last) return
    if (state === 'following') err.write(`${destination} has all items before ${sequence}, and is kept up to date\n`)
    if (state === 'waiting') err.write(`${error?.message}; it is tried again\n`)
    if (state === 'ended') out.write(`${formatBytes(copiedBytes)} written; ${destination} has all items before ${sequence}\n`)
    last = state
  }
}
