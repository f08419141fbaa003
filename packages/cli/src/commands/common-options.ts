import type { Command } from 'commander'

export interface CommonOptions {
  /** Results as JSON on standard output, for machines. */
  readonly json?: true
  /** Errors with their stack and causes. */
  readonly debug?: true
}

/** The options that every command has, and its examples: arguments and what they do. */
export function addCommonOptions(command: Command, ...examples: readonly string[]): Command {
  command.option('--json', 'print the result as JSON').option('--debug', 'print the stack of an error')
  if (examples.length === 0) return command
  return command.addHelpText(
    'after',
    `\nExample${examples.length > 1 ? 's' : ''}:\n${examples.map((each) => `  $ varve ${each}`).join('\n')}`,
  )
}

/** The option of the commands that remove something. */
export function addYesOption(command: Command): Command {
  return command.option('-y, --yes', 'do not ask')
}
