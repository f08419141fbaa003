import { BrokenPromise } from '../checker/broken-promise.js'
import { Child } from './child-process.js'
import { assertFollowed } from './followed.js'
import { describe } from './kept.js'
import type { ProcessLedger } from './process-ledger.js'
import type { Report, ShownItem } from './report.js'

export interface FollowerOptions {
  readonly program: string
  readonly directory: string
  readonly seed: number
}

export interface FollowerCounts {
  readonly followed: number
  readonly reads: number
}

// Longer than any machine takes to read what is left.
const PATIENCE = 20_000

/** A process that follows a store, read-only, and what it was shown. */
export class Follower {
  readonly #child: Child
  readonly #followed: ShownItem[] = []
  readonly #missed: ShownItem[] = []
  readonly #cutShort: (readonly ShownItem[])[] = []
  #reads = 0
  #broken: BrokenPromise | undefined

  constructor({ program, directory, seed }: FollowerOptions) {
    this.#child = new Child({ do: 'follow', directory, seed }, { program, onReport: (report) => this.#take(report) })
  }

  /** Has it follow up to the last item there is, and holds all that it was shown against what was there. The writer is no more. */
  async finish(ledger: ProcessLedger): Promise<FollowerCounts> {
    const last = ledger.shown.at(-1)
    if (!last) throw new Error('there is nothing to follow up to')
    this.#child.tell(String(last.sequence))
    const timer = setTimeout(() => this.#child.kill(), PATIENCE)
    const { code, stderr } = await this.#child.ended
    clearTimeout(timer)
    if (this.#broken) throw this.#broken
    const at = this.#followed.at(-1)
    if (code !== 0)
      throw new BrokenPromise(`a reader ended with ${code} at ${at ? describe(at) : 'nothing'}, before ${describe(last)}: ${stderr}`)
    assertFollowed({ items: this.#followed, missed: this.#missed, cutShort: this.#cutShort }, ledger)
    return { followed: this.#followed.length, reads: this.#reads }
  }

  kill(): Promise<unknown> {
    this.#child.kill()
    return this.#child.ended
  }

  #take(report: Report): void {
    if (report.is === 'followed') this.#followed.push(...report.items)
    else if (report.is === 'missed') this.#missed.push(report.item)
    else if (report.is === 'cut short') this.#cutShort.push(report.items)
    else if (report.is === 'done') this.#reads = report.reads
    else if (report.is === 'broken') this.#broken ??= new BrokenPromise(`a reader: ${report.how}`)
  }
}
