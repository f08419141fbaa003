import { join } from 'node:path'
import { seededRandom } from '@varve/backend/faults'
import { lookAt } from '../processes/look.js'
import { ProcessLedger } from '../processes/process-ledger.js'
import type { Report } from '../processes/report.js'
import { WatchedProcess } from '../processes/watched-process.js'
import { type Ballast, ballastOfBytes, ballastOfFiles } from './ballast.js'
import { tinyTmpfs } from './scratch-file-system.js'

export interface FullDiskOptions {
  readonly program: string
  /** An empty directory. */
  readonly directory: string
  readonly rounds: number
  readonly seed: number
  /** What runs out. */
  readonly of: 'bytes' | 'files'
  readonly onRound?: (rounds: number) => void
}

export interface FullDiskCounts {
  rounds: number
  /** Stores opened, by a writer or by this process, on a disk that had no room. */
  openedFull: number
  /** Operations refused with `NO_SPACE`. */
  refused: number
  /** Times that a writer went on by itself once there was room. */
  wentOn: number
  durable: number
}

// So often it is filled again, since the store gives room back as it drops its files.
const FILL_AGAIN = 10

/**
 * Lets a writer work on a tiny file system while something else takes all its room, and gives it back, and takes it again; then kills the writer, with or without
 * room, and looks. What was acknowledged must be there, what memory held must be written once there is room, and a full disk must not keep a store from opening.
 */
export async function fullDisk({ program, directory, rounds, seed, of, onRound }: FullDiskOptions): Promise<FullDiskCounts> {
  const random = seededRandom(seed)
  const disk =
    of === 'bytes' ? tinyTmpfs(join(directory, 'tmpfs'), 512 * 1024) : tinyTmpfs(join(directory, 'tmpfs'), 8 * 1024 * 1024, { files: 60 })
  const counts: FullDiskCounts = { rounds: 0, openedFull: 0, refused: 0, wentOn: 0, durable: 0 }
  const ledger = new ProcessLedger()
  try {
    disk.mount()
    const ballast = of === 'bytes' ? ballastOfBytes(disk.path) : ballastOfFiles(disk.path)
    const store = join(disk.path, 'store')
    for (let isFull = false; counts.rounds < rounds; counts.rounds++) {
      const job = { do: 'write', directory: store, seed: random(2 ** 31), life: Math.ceil(ledger.nextLife / 100) * 100 } as const
      const writer = new WatchedProcess({ ...job, onFaultyMedium: true, patience: 1e9, settings: SETTINGS }, { program, ledger })
      try {
        await writer.when(({ is }) => is === 'observed', 'it had opened the store')
        if (isFull) counts.openedFull++
        else await times(5, () => writer.when(isProgress, 'it had stored anything'))
        isFull = await use(writer, ballast, random(3), counts)
      } finally {
        writer.kill()
      }
      await writer.ended()
      if (isFull) {
        // The writer may have dropped files to its very end.
        ballast.fill()
        counts.openedFull++
      }
      await lookAt(store, ledger, { beforeStop: () => ballast.ease() })
      if (isFull && random(2) === 0) {
        ballast.empty()
        isFull = false
      } else if (isFull) ballast.fill()
      onRound?.(counts.rounds + 1)
    }
  } finally {
    disk.dispose()
  }
  return { ...counts, refused: ledger.counts.refused, durable: ledger.counts.durable }
}

const SETTINGS = { timeout: 200, maxFileSize: 6000, maxBufferSize: 2000 } as const

/** Fills the disk and empties it so many times, and fills it at the end unless it was emptied. Gives whether it is full then. */
async function use(writer: WatchedProcess, ballast: Ballast, turns: number, counts: FullDiskCounts): Promise<boolean> {
  for (let turn = 0; ; turn++) {
    await whileFull(ballast, () => times(3, () => writer.when(isNoSpace, 'it was refused room')))
    if (turn === turns) return true
    ballast.empty()
    await times(3, () => writer.when(isProgress, 'it went on where there was room'))
    counts.wentOn++
    if (turn > 0) return false
  }
}

async function whileFull(ballast: Ballast, action: () => Promise<void>): Promise<void> {
  ballast.fill()
  const again = setInterval(() => ballast.fill(), FILL_AGAIN)
  try {
    await action()
  } finally {
    clearInterval(again)
  }
}

async function times(count: number, action: () => Promise<void>): Promise<void> {
  for (let n = 0; n < count; n++) await action()
}

function isNoSpace(report: Report): boolean {
  return report.is === 'refused' && report.code === 'NO_SPACE'
}

function isProgress(report: Report): boolean {
  return report.is === 'durable' || report.is === 'frontier' || (report.is === 'accepted' && report.durable)
}
