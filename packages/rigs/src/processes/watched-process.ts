import { BrokenPromise } from '../checker/broken-promise.js'
import { Child, type End } from './child-process.js'
import type { OpenJob, WriteJob } from './job.js'
import type { ProcessLedger } from './process-ledger.js'
import { type Report, withoutPromise } from './report.js'

export interface WatchedProcessOptions {
  readonly program: string
  readonly ledger: ProcessLedger
  readonly under?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

interface Waiting {
  readonly fits: (report: Report) => boolean
  readonly words: string
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

// Longer than any machine takes for what is waited for here.
const PATIENCE = 30_000

/** A process that has a store open for writing. What it reports goes to the ledger; where that finds the promise broken, the process is killed. */
export class WatchedProcess {
  readonly #child: Child
  readonly #ledger: ProcessLedger
  #broken: { readonly error: unknown } | undefined
  #believedUntil = Number.POSITIVE_INFINITY
  #waiting: Waiting[] = []
  /** What the process was refused last: code and message. */
  lastRefusal: string | undefined

  constructor(job: WriteJob | OpenJob, { program, ledger, ...rest }: WatchedProcessOptions) {
    this.#ledger = ledger
    this.#child = new Child(job, { program, ...rest, onReport: (report) => this.#take(report, report.at) })
    const settle = (): void => {
      for (const { words, reject } of this.#waiting.splice(0))
        reject(this.#broken?.error ?? new BrokenPromise(`the process ended before ${words}`))
    }
    this.#child.ended.then(settle, settle)
  }

  get pid(): number {
    return this.#child.pid
  }

  tell(line: string): void {
    this.#child.tell(line)
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal)
  }

  /** What it tells from that time on is no promise, since the medium can't be believed any more. To be called before anything of it is read. */
  believeUntil(time: number): void {
    this.#believedUntil = time
  }

  /** Resolves at the next report that fits. Rejects where the process ends before, or does not come to it. */
  when(fits: (report: Report) => boolean, words: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new BrokenPromise(`${PATIENCE / 1000} s have passed before ${words}`)), PATIENCE)
      const over =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer)
          settle(value)
        }
      this.#waiting.push({ fits, words, resolve: over(resolve), reject: over(reject) })
    })
  }

  /** How it ended. Throws where it has told of a broken promise. */
  async ended(): Promise<End> {
    const end = await this.#child.ended
    if (this.#broken) throw this.#broken.error
    return end
  }

  #take(report: Report, at: number): void {
    if (this.#broken) return
    try {
      const believed = at < this.#believedUntil ? report : withoutPromise(report)
      if (believed) this.#ledger.take(believed)
    } catch (error) {
      this.#broken = { error }
      this.#child.kill()
      return
    }
    if (report.is === 'refused') this.lastRefusal = `${report.code}: ${report.message}`
    const fitting = this.#waiting.filter(({ fits }) => fits(report))
    this.#waiting = this.#waiting.filter((waiting) => !fitting.includes(waiting))
    for (const { resolve } of fitting) resolve()
  }
}
