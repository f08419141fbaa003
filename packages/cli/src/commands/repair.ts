import { Varve } from '@varve/core'
import { Command } from 'commander'
import { printRepairReport } from '../check/check-report.js'
import { showingProgress } from '../check/verify-progress.js'
import type { Context } from '../context.js'
import { CommandError, ExitCode } from '../exit-code.js'
import { requireStore, sizeOfFiles } from '../store/find-store.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  readonly yes?: true
}

export function repairCommand(context: Context): Command {
  const command = new Command('repair')
    .summary('make a damaged store whole')
    .description(
      'Shows what would make a damaged store whole, and with --yes does it. Every intact item stays where it is; an item that is lost keeps its place and reads as damaged. ' +
        'What is cut off, overwritten or set aside is first kept in the directory of the store, under names that begin with .quarantine.; nothing but varve destroy removes it.',
    )
    .argument('<STORE>', 'the store: a directory or a URL')
    .option('-y, --yes', 'do it')
  return addCommonOptions(command, 'repair blocks', 'repair blocks --yes').action(async (path: string, { yes, json }: Options) => {
    const found = await requireStore(path)
    const totalBytes = await sizeOfFiles(found)
    const report = await showingProgress(context.err, { label: 'examine', totalBytes }, (onProgress) =>
      Varve.repair(found.backend, { ...found.options, dryRun: yes !== true, signal: context.signal, onProgress }),
    )
    if (json) context.out.write(`${JSON.stringify(report)}\n`)
    else printRepairReport(report, context.out)
    if (report.dryRun && report.steps.length > 0)
      throw new CommandError(ExitCode.damage, `nothing was changed; varve repair ${path} --yes does it`)
  })
}
