import { KiB, MiB } from '@varve/core'
import { Command, Option } from 'commander'
import { durationArgument, sizeArgument } from '../arguments/quantity-arguments.js'
import { bench } from '../bench/bench.js'
import type { Context } from '../context.js'
import { directoryOf } from '../store/store-place.js'
import { formatCount, formatDuration, formatRate } from '../terminal/quantities.js'
import { renderTable } from '../terminal/table.js'
import { addCommonOptions, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  readonly size: number
  readonly item: number
  readonly time: number
}

export function benchCommand(context: Context): Command {
  const command = new Command('bench')
    .summary('measure this disk with a store, quickly')
    .description(
      'Measures how fast a store adds, reads and scans on the disk that STORE is on, or would be. It makes a store of its own beside it and removes that again; STORE itself is left alone.',
    )
    .argument('[STORE]', 'a store, or a place for one', 'blocks')
    .addOption(new Option('--size <SIZE>', 'how much to write').argParser(sizeArgument).default(64 * MiB, '64MiB'))
    .addOption(new Option('--item <SIZE>', 'how large an item is').argParser(sizeArgument).default(4 * KiB, '4KiB'))
    .addOption(
      new Option('--time <TIME>', 'the longest that each measurement of durable adds takes')
        .argParser(durationArgument)
        .default(1000, '1s'),
    )
  return addCommonOptions(command, 'bench /mnt/disk/blocks --item 1MiB').action(
    async (path: string, { size, item, time, json }: Options) => {
      const report = await bench({
        store: directoryOf(path, 'varve bench'),
        size,
        itemSize: Math.max(1, item),
        time,
        signal: context.signal,
        onMeasured: ({ name, ms }) => context.err.isTTY && context.err.write(`${name}: ${formatDuration(ms)}\n`),
      })
      if (json) {
        context.out.write(`${JSON.stringify(report)}\n`)
        return
      }
      const right = 'right' as const
      const columns = [
        { title: '' },
        { title: 'items', align: right },
        { title: 'time', align: right },
        { title: 'items/s', align: right },
        { title: 'rate', align: right },
      ]
      const rows = report.measured.map(({ name, items, bytes, ms, itemsPerSecond }) => [
        name,
        formatCount(items),
        formatDuration(ms),
        formatCount(Math.round(itemsPerSecond)),
        formatRate(bytes, ms),
      ])
      context.out.write(renderTable(context.out, columns, rows))
    },
  )
}
