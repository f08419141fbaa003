import { type Random, seededRandom } from '@varve/backend/faults'
import { BrokenPromise } from '../checker/broken-promise.js'
import { pick } from '../programs/pick.js'
import type { End } from './child-process.js'
import { Follower } from './follower.js'
import type { WriteJob } from './job.js'
import { lookAt } from './look.js'
import { type LedgerCounts, ProcessLedger } from './process-ledger.js'
import { WatchedProcess } from './watched-process.js'

export interface KillLoopOptions {
  /** The bundled program that processes run. */
  readonly program: string
  /** Where the store is, or will be. */
  readonly directory: string
  readonly cycles: number
  /** Of the writers' operations and the moments of their ends. What the system makes of them is its own. */
  readonly seed: number
  /** So many processes follow the store all the while. Default none. */
  readonly readers?: number
  /** Ends a writer that is at work; SIGKILL by default. */
  readonly interrupt?: (writer: WatchedProcess) => Promise<void>
  readonly job?: Partial<WriteJob>
  readonly onCycle?: (tally: KillTally) => void
}

export interface KillTally extends LedgerCounts {
  cycles: number
  /** Writers that ended before they had opened the store. */
  killedOpening: number
  /** Looks by this process; the others are by a writer that comes after. */
  looksHere: number
  /** Items that readers were shown by following, and read at random. */
  followed: number
  reads: number
}

// Readers begin anew after so many cycles: what they were shown is kept until it is checked.
const CYCLES_PER_READER = 100

/** Lets a writer work, ends it in the middle of it, and looks whether the promise was kept: again and again, on one store. Throws at the first violation. */
export class KillLoop {
  readonly ledger = new ProcessLedger()
  readonly #options: KillLoopOptions
  readonly #random: Random
  readonly #followers: Follower[] = []
  #cycles = 0
  #killedOpening = 0
  #looksHere = 0
  #followed = 0
  #reads = 0

  constructor(options: KillLoopOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
  }

  get tally(): KillTally {
    return {
      ...this.ledger.counts,
      cycles: this.#cycles,
      killedOpening: this.#killedOpening,
      looksHere: this.#looksHere,
      followed: this.#followed,
      reads: this.#reads,
    }
  }

  async run(): Promise<KillTally> {
    const { cycles, seed, onCycle } = this.#options
    try {
      while (this.#cycles < cycles) {
        if (this.#followers.length === 0) this.#startFollowers()
        await this.#cycle()
        this.#cycles++
        if (this.#cycles % CYCLES_PER_READER === 0) await this.#finishFollowers()
        onCycle?.(this.tally)
      }
      await this.#look(true)
      await this.#finishFollowers()
      return this.tally
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new BrokenPromise(`seed ${seed}, cycle ${this.#cycles + 1}: ${message}`, { cause: error })
    } finally {
      await Promise.all(this.#followers.map((follower) => follower.kill()))
    }
  }

  async #cycle(): Promise<void> {
    const { program, directory, job, interrupt = kill } = this.#options
    const { milliseconds, reports = Number.POSITIVE_INFINITY } = this.#moment()
    const writer = new WatchedProcess(
      { do: 'write', directory, seed: this.#random(2 ** 31), life: this.#nextLife(), ...job },
      { program, ledger: this.ledger },
    )
    let isOpen = false
    let told = 0
    await writer
      .when(({ is }) => {
        if (is === 'observed') isOpen = true
        return (is === 'opening' && milliseconds !== undefined) || ++told === reports
      }, 'it came to the moment of its end')
      // It may have given up before, and whether it may have is told below.
      .catch(() => undefined)
    if (milliseconds !== undefined) await new Promise((resolve) => setTimeout(resolve, milliseconds))
    await interrupt(writer)
    this.#assertInterrupted(await writer.ended())
    if (!isOpen) this.#killedOpening++
    if (this.#random(3) === 0) await this.#look(false)
  }

  /** Each process may begin 100 lives. */
  #nextLife(): number {
    return Math.ceil(this.ledger.nextLife / 100) * 100
  }

  /** When the writer is to end: while it opens the store, or at work. */
  #moment(): { readonly milliseconds?: number; readonly reports?: number } {
    const way = this.#random(4)
    if (way === 0) return { milliseconds: this.#random(pick(this.#random, [10, 100])) }
    return { reports: 3 + this.#random(pick(this.#random, [20, 100, 300])) }
  }

  #assertInterrupted({ signal, code, stderr }: End): void {
    if (signal === 'SIGKILL' || (this.#options.job?.onFaultyMedium && code === 0)) return
    throw new BrokenPromise(`a writer ended by itself, with ${signal ?? code}: ${stderr}`)
  }

  async #look(adding: boolean): Promise<void> {
    this.#looksHere++
    await lookAt(this.#options.directory, this.ledger, { adding })
  }

  #startFollowers(): void {
    const { readers = 0, program, directory } = this.#options
    for (let n = 0; n < readers; n++) this.#followers.push(new Follower({ program, directory, seed: this.#random(2 ** 31) }))
  }

  async #finishFollowers(): Promise<void> {
    if (this.#followers.length === 0) return
    await this.#look(true)
    for (const follower of this.#followers.splice(0)) {
      const { followed, reads } = await follower.finish(this.ledger)
      this.#followed += followed
      this.#reads += reads
    }
  }
}

async function kill(writer: WatchedProcess): Promise<void> {
  writer.kill()
}
