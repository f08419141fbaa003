import { Command } from 'commander'
import { printVerifyReport } from '../check/check-report.js'
import { showingProgress } from '../check/verify-progress.js'
import type { Context } from '../context.js'
import { CommandError, ExitCode } from '../exit-code.js'
import { sizeOfFiles } from '../store/find-store.js'
import { reading } from '../store/with-store.js'
import { countOf } from '../terminal/quantities.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

export function verifyCommand(context: Context): Command {
  const command = new Command('verify')
    .summary('read every byte and name all damage')
    .description(
      'Reads every byte of the store that is durable, beside whoever writes to it, and names all that is damaged, missing or not of this store, and which items are lost with it. Changes nothing.',
    )
    .argument('<STORE>', 'the store: a directory or a URL')
  return addCommonOptions(command, 'verify blocks && echo all is well').action(async (path: string, { json }: CommonOptions) => {
    await reading(path, async (store, found) => {
      const totalBytes = await sizeOfFiles(found)
      const report = await showingProgress(context.err, { label: 'verify', totalBytes }, (onProgress) =>
        store.verify({ signal: context.signal, onProgress }),
      )
      if (json) context.out.write(`${JSON.stringify(report)}\n`)
      else printVerifyReport(report, context.out)
      if (report.isIntact) return
      const places = countOf(report.damages.length + report.omitted, 'damaged place')
      throw new CommandError(ExitCode.damage, `${path} has ${places}; varve repair ${path} shows what can be done`)
    })
  })
}
