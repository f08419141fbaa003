import { Command } from 'commander'
import type { Context } from '../context.js'
import { printStats } from '../stats/stats-report.js'
import { storeStats } from '../stats/store-stats.js'
import { reading } from '../store/with-store.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  readonly quick?: true
}

export function statsCommand(context: Context): Command {
  const command = new Command('stats')
    .summary('say what the store holds, and who has it')
    .description(
      'Says how many files, items and bytes the store holds, how old they are and how large, whether it was stopped properly, and who has it open for writing.',
    )
    .argument('<STORE>', 'the store: a directory or a URL')
    .option('--quick', 'leave out what takes a walk through all items: their number, ages and sizes')
  return addCommonOptions(command, 'stats blocks').action(async (path: string, { quick, json }: Options) => {
    const stats = await reading(path, (store, found) => storeStats(store, found, !quick, context))
    if (json) context.out.write(`${JSON.stringify(stats)}\n`)
    else printStats(stats, context.out)
  })
}
