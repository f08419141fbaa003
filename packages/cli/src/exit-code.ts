import { VarveError } from '@varve/core'
import { CommanderError } from 'commander'

/** What the command's exit codes mean. They are part of its interface. */
export const ExitCode = {
  fine: 0,
  failed: 1,
  usage: 2,
  damage: 3,
  locked: 4,
  notFound: 5,
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** An error whose message is all that the person at the terminal needs. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.exitCode = exitCode
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.fine : ExitCode.usage
  if (!VarveError.is(error)) return ExitCode.failed
  switch (error.code) {
    case 'INVALID_OPTION':
      return ExitCode.usage
    case 'CORRUPT':
    case 'FILE_MISSING':
    case 'FOREIGN_FILE':
      return ExitCode.damage
    case 'LOCKED':
      return ExitCode.locked
    case 'NOT_FOUND':
    case 'INDEX_NOT_FOUND':
    case 'INVALID_LOCATION':
      return ExitCode.notFound
    default:
      return ExitCode.failed
  }
}
