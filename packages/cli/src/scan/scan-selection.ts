import type { Damage, ScanOptions, ScanPoint } from '@varve/core'
import type { Command } from 'commander'
import { POINT, pointArgument } from '../arguments/point-argument.js'
import { countArgument } from '../arguments/quantity-arguments.js'
import { describeDamage } from '../check/describe-damage.js'
import { type Context, noMoreOutput } from '../context.js'
import { CommandError, ExitCode } from '../exit-code.js'
import { countOf } from '../terminal/quantities.js'

/** Which items a command is about. */
export interface SelectionOptions {
  readonly from?: ScanPoint
  readonly to?: ScanPoint
  readonly limit?: number
  readonly reverse?: true
  readonly salvage?: true
}

/** Adds the options that choose items. */
export function addSelectionOptions(command: Command): Command {
  return command
    .option('--from <POINT>', `begin there: ${POINT}`, pointArgument)
    .option('--to <POINT>', 'end before it', pointArgument)
    .option('--limit <COUNT>', 'no more than so many', countArgument)
    .option('--reverse', 'from the last to the first')
    .option('--salvage', 'go on behind damage, and say at the end what there was')
}

/** A choice of items, made into options of a scan. */
export class Selection {
  readonly scan: ScanOptions
  readonly #limit: number
  readonly #damages: Damage[] = []
  readonly #context: Context

  constructor({ from, to, limit, reverse, salvage }: SelectionOptions, context: Context) {
    this.#context = context
    this.#limit = limit ?? Number.POSITIVE_INFINITY
    this.scan = {
      ...(from && { from }),
      ...(to && { to }),
      ...(reverse && { reverse }),
      ...(salvage && { onDamage: (damage) => this.#damages.push(damage) }),
      signal: noMoreOutput(context),
    }
  }

  async *of<T>(scan: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    let left = this.#limit
    if (left === 0) return
    for await (const item of scan) {
      yield item
      left--
      if (left === 0) return
    }
  }

  /** An error where there was damage on the way. */
  end(): void {
    if (this.#damages.length === 0) return
    for (const damage of this.#damages) this.#context.err.write(`${describeDamage(damage)}\n`)
    throw new CommandError(
      ExitCode.damage,
      `${countOf(this.#damages.length, 'damaged place')} left out; varve repair shows what can be done`,
    )
  }
}
