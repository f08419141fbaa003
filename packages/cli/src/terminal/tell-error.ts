import { styleText } from 'node:util'
import { VarveError, type VarveErrorCode } from '@varve/core'
import type { Output } from './terminal.js'

export interface TellErrorOptions {
  readonly err: Output
  /** With the stack, and what led to it. */
  readonly debug: boolean
  /** Aborted where the person ended the command: its reason is no error. */
  readonly interrupted: AbortSignal
}

/** Tells an error in one line that says what to do. */
export function tellError(error: unknown, { err, debug, interrupted }: TellErrorOptions): void {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ')
  const label = interrupted.aborted && error === interrupted.reason ? '' : `${styleText('red', 'error:', { stream: err })} `
  err.write(`${label}${message}${adviceOn(error)}\n`)
  if (debug && error instanceof Error) err.write(`${detailed(error)}\n`)
}

const ADVICE: Partial<Record<VarveErrorCode, string>> = {
  LOCKED: 'wait for that process, or end it; to read needs no lock',
  CORRUPT: 'varve verify names all damage, varve repair shows what can be done',
  FILE_MISSING: 'varve verify names all damage, varve repair shows what can be done',
  FOREIGN_FILE: 'varve verify names all damage, varve repair shows what can be done',
  NO_SPACE: 'make room, and run it again',
  PERMISSION: 'run it as the user whose store it is',
  TOO_MANY_OPEN: 'raise the limit of open files (ulimit -n)',
  UNSUPPORTED_VERSION: 'install a newer @varve/cli',
  TIMEOUT: 'the disk is slow or stuck; give it longer with --timeout',
}

function adviceOn(error: unknown): string {
  const advice = VarveError.is(error) ? ADVICE[error.code] : undefined
  return advice === undefined ? '' : `; ${advice}`
}

function detailed(error: Error): string {
  const stack = error.stack ?? String(error)
  return error.cause instanceof Error ? `${stack}\ncaused by ${detailed(error.cause)}` : stack
}
