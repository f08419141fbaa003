import { Command, CommanderError } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { commands } from './commands/commands.js'
import { addCompletion } from './commands/completion.js'
import type { Context } from './context.js'
import { CommandError, ExitCode, exitCodeOf } from './exit-code.js'
import { tellError } from './terminal/tell-error.js'

/** Runs `varve` with these arguments and resolves to its exit code. Errors are told on `err`, in one line unless `--debug` is given. */
export async function run(args: readonly string[], context: Context): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' })
    await allWritten(context)
    return context.readerGone.aborted ? outputFailed(context.readerGone.reason, context) : ExitCode.fine
  } catch (error) {
    if (context.readerGone.aborted && error === context.readerGone.reason) return outputFailed(error, context)
    // commander has told it by itself, or it was `--help`.
    if (!(error instanceof CommanderError))
      tellError(error, { debug: args.includes('--debug'), interrupted: context.signal, err: context.err })
    return exitCodeOf(error)
  }
}

/** Whether something could be written a stream tells in a later turn. */
function allWritten({ out }: Context): Promise<void> {
  return new Promise((resolve) => void out.write('', () => setImmediate(resolve)))
}

/** Who reads no further wants no more: that is no failure. A full disk under a file is. */
function outputFailed(reason: unknown, { err, signal }: Context): number {
  if (!(reason instanceof Error) || (reason as NodeJS.ErrnoException).code === 'EPIPE') return ExitCode.fine
  const error = new CommandError(ExitCode.failed, `standard output can't be written: ${reason.message}`, { cause: reason })
  tellError(error, { err, debug: false, interrupted: signal })
  return exitCodeOf(error)
}

function createProgram(context: Context): Command {
  const program = new Command('varve')
    .description(
      'Stores of byte items: laid down once, never changed, checked whenever they are read. STORE is the directory that holds one, or a URL: file:///PATH, s3://BUCKET/PREFIX, memory:.',
    )
    .version(manifest.version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.out.write(text), writeErr: (text) => context.err.write(text) })
    .configureHelp({ helpWidth: 100 })
    .showHelpAfterError('(varve --help and varve COMMAND --help say what there is)')
    .addHelpText('after', EPILOGUE)
  for (const command of commands) program.addCommand(command(context).copyInheritedSettings(program))
  addCompletion(program)
  return program
}

const EPILOGUE = `
Sizes read 4096, 512KiB or 16MiB; times 250ms, 30s or 5m; locations INDEX:POSITION:SIZE.
Results go to standard output, the rest to standard error.

Exit codes:
  0  all is well
  1  it failed
  2  it was called wrongly
  3  damage was found
  4  another process holds the store
  5  what was asked for is not there`
