import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { wholeNumber } from '../command-line/numbers.js'
import { killReplication } from './killed-replication.js'

const program = new Command('kill:replication')
  .description(
    'Kills a process that writes, one that replicates, or one that does both, again and again, and holds the copy to what was said of it.',
  )
  .option('--cycles <N>', 'how often', wholeNumber(1), 100)
  .action(async ({ cycles }: { readonly cycles: number }) => {
    const directory = await mkdtemp(join(tmpdir(), 'varve-replication-'))
    try {
      const places = { source: join(directory, 'source'), copy: join(directory, 'copy') }
      const tally = await killReplication({ program: fileURLToPath(new URL('replication-program.js', import.meta.url)), ...places, cycles })
      process.stdout.write(
        `${tally.cycles} times killed, ${tally.durable} items durable, ${tally.copied} of them known to be copied: none lost, none ahead\n`,
      )
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

await program.parseAsync()
