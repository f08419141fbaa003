import type { Readable } from 'node:stream'
import type { Terminal } from './terminal/terminal.js'

/** Everything that a command has of the outside. */
export interface Context extends Terminal {
  readonly in: Input
  /** Aborted when the person, or the system, wants the command to end. */
  readonly signal: AbortSignal
  /** Aborted, with the error, when nothing can be written to standard output any more: after `varve … | head` (`EPIPE`), or on a full disk. */
  readonly readerGone: AbortSignal
}

/** Standard input: a terminal, a pipe or a file. */
export type Input = Readable & { readonly isTTY?: boolean; readonly fd?: number }

/** Aborted when there is no point in going on with a command that does nothing but print. */
export function noMoreOutput({ signal, readerGone }: Context): AbortSignal {
  return AbortSignal.any([signal, readerGone])
}
