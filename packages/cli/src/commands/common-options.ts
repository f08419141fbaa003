import type { Command } from 'commander'

export interface CommonOptions {
  /** Results as JSON on standard output, for machines. */
  readonly json?: true
  /** Errors with their stack and causes. */
  readonly debug?: true
}

/** The options that every command has. */
export function addCommonOptions(command: Command): Command {
  return command.option('--json', 'print the result as JSON').option('--debug', 'print the stack of an error')
}
