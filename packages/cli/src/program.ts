import { styleText } from 'node:util'
import { Command, CommanderError } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { roundtripCommand } from './commands/roundtrip.js'
import { exitCodeOf } from './exit-code.js'
import type { Terminal } from './terminal/terminal.js'

/** Everything that a command has of the outside. */
export interface Context extends Terminal {
  /** Aborted when the person, or the system, wants the command to end. */
  readonly signal: AbortSignal
}

/** Runs `varve` with these arguments and resolves to its exit code. Errors are told on `err`, in one line unless `--debug` is given. */
export async function run(args: readonly string[], context: Context): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    // commander has told it by itself, or it was `--help`.
    if (!(error instanceof CommanderError)) tell(error, args.includes('--debug'), context)
    return exitCodeOf(error)
  }
}

function createProgram(context: Context): Command {
  const program = new Command('varve')
    .description('Stores of byte items: laid down once, never changed, checked whenever they are read.')
    .version(manifest.version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.out.write(text), writeErr: (text) => context.err.write(text) })
    .showHelpAfterError('(varve --help and varve COMMAND --help say what there is)')
  program.addCommand(roundtripCommand(context).copyInheritedSettings(program))
  return program
}

function tell(error: unknown, debug: boolean, { err }: Context): void {
  const label = styleText('red', 'error:', { stream: err })
  const message = error instanceof Error ? error.message : String(error)
  err.write(`${label} ${message.replaceAll(/\s*\n\s*/g, ' ')}\n`)
  if (debug && error instanceof Error) err.write(`${detailed(error)}\n`)
}

function detailed(error: Error): string {
  const stack = error.stack ?? String(error)
  return error.cause instanceof Error ? `${stack}\ncaused by ${detailed(error.cause)}` : stack
}
