import { hostname } from 'node:os'
import { Varve, VarveError } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { BrokenPromise } from '../checker/broken-promise.js'
import { lookAt } from './look.js'
import { ProcessLedger } from './process-ledger.js'
import type { Report } from './report.js'
import { lookSettings } from './settings.js'
import { WatchedProcess } from './watched-process.js'

export interface StoppedHolderOptions {
  readonly program: string
  readonly directory: string
  readonly seed: number
  /** How often the holder is halted. */
  readonly times: number
}

export interface StoppedHolderCounts {
  /** Other writers that were refused. */
  refused: number
  /** Items that the holder has stored after it was let go on. */
  durable: number
}

/**
 * Halts a writer with SIGSTOP in the middle of its work: as long as it is halted no other may open the store, in whatever process, and is told who holds it;
 * once it goes on, it works on as if nothing had been. In the end it is killed, and the store is free.
 */
export async function stoppedHolder({ program, directory, seed, times }: StoppedHolderOptions): Promise<StoppedHolderCounts> {
  const ledger = new ProcessLedger()
  const counts = { refused: 0, durable: 0 }
  const holder = new WatchedProcess({ do: 'write', directory, seed, life: 1 }, { program, ledger })
  const other = new WatchedProcess({ do: 'open', directory }, { program, ledger: new ProcessLedger() })
  try {
    await holder.when(isProgress, 'it had stored anything')
    for (let n = 0; n < times; n++) {
      holder.kill('SIGSTOP')
      assertNames(await refusalHere(directory), holder.pid)
      const refused = other.when(({ is }) => is === 'refused' || is === 'observed', 'it was told of its opening')
      other.tell(`open ${n + 1}`)
      await refused
      assertNames(other.lastRefusal ?? 'a store that another process has open was opened', holder.pid)
      counts.refused += 2
      const before = ledger.counts.durable
      const goesOn = holder.when(isProgress, 'it went on')
      holder.kill('SIGCONT')
      await goesOn
      counts.durable += ledger.counts.durable - before
    }
  } finally {
    holder.kill()
    other.kill()
  }
  await Promise.all([holder.ended(), other.ended()])
  await lookAt(directory, ledger)
  return counts
}

async function refusalHere(directory: string): Promise<string> {
  try {
    await (await Varve.open(fsBackend(directory), lookSettings)).stop()
    return 'a store that another process has open was opened'
  } catch (error) {
    if (!VarveError.is(error)) throw error
    return `${error.code}: ${error.message}`
  }
}

function assertNames(refusal: string, pid: number): void {
  const isRight = refusal.startsWith('LOCKED: ') && refusal.includes(`process ${pid} on ${hostname()}`)
  if (!isRight) throw new BrokenPromise(`beside the halted process ${pid} a second writer was told: ${refusal}`)
}

function isProgress(report: Report): boolean {
  return report.is === 'durable' || (report.is === 'accepted' && report.durable)
}
