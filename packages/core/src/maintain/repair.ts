import type { FileBackend } from '@varve/backend'
import { backendFailure, isBackendError, VarveError } from '../errors.js'
import type { FileHeader } from '../format/file-header.js'
import { FileNaming } from '../format/file-name.js'
import { MiB, type ResolvedOptions, type VarveOptions } from '../options.js'
import type { Damage } from '../read/damage.js'
import { durableEndOfFiles } from '../read/durable-end.js'
import { FileSet } from '../read/file-set.js'
import { FileWindow } from '../read/file-window.js'
import { checkFileHeader, OpenFile } from '../read/open-file.js'
import { readHead } from '../read/read-head.js'
import type { Place } from '../read/scan-source.js'
import { isUnused } from '../read/unused-file.js'
import { WriteRefused } from '../write/active-file.js'
import { createDataFile } from '../write/create-data-file.js'
import { examineFile } from './file-examination.js'
import { QuarantineNames, saveExtent } from './quarantine.js'
import { inPieces, lostFile, rebuiltFile } from './rebuild-file.js'
import { planRepair, type RepairTask } from './repair-plan.js'
import { removeIfThere, writeReplacement } from './rewrite-file.js'
import { examineStore, type FileFinding } from './store-examination.js'
import { findIdentity } from './store-identity.js'
import { listFiles } from './store-listing.js'
import type { VerifyProgress } from './verify.js'
import { WatchedWindow } from './watched-window.js'

export interface RepairOptions extends VarveOptions {
  /** Say what would be done, and do nothing. Default false. */
  readonly dryRun?: boolean
  /** Gives up between two steps: the promise rejects with the signal's reason. What was done is whole, and another repair does the rest. */
  readonly signal?: AbortSignal
  /** Called about once a mebibyte while the store is being examined. */
  readonly onProgress?: (progress: VerifyProgress) => void
}

/**
 * What a repair does with a file.
 * - `rewrite`: it is written anew, valid where it was damaged, with every intact item where it was.
 * - `stub`: an empty file takes the place of one that is lost.
 * - `set-aside`: it gets the name in `savedAs`, and is no data file any more.
 * - `begin`: it is made, so that a lost last file is not added to.
 */
export type RepairAction = RepairTask['kind']

export interface RepairStep {
  readonly action: RepairAction
  /** The name of the data file, and its index. */
  readonly file: string
  readonly index: number
  /** The names under which what it had is kept in the store's container. */
  readonly savedAs: readonly string[]
  /** For people; may change. */
  readonly detail: string
}

export interface RepairReport {
  /** Whether this is only what would be done. */
  readonly dryRun: boolean
  /** The steps, in order. None where nothing is damaged. */
  readonly steps: readonly RepairStep[]
  /** What was found damaged. */
  readonly damages: readonly Damage[]
}

/** Repairs a store that nobody has open: finds out first what is to be done, and then does it, one file at a time. */
export async function repairStore(
  backend: FileBackend,
  options: ResolvedOptions,
  { dryRun = false, signal, onProgress }: RepairOptions,
): Promise<RepairReport> {
  const naming = new FileNaming(options.filePrefix, options.filePadding)
  // Before the lock, which makes the container.
  if ((await listFiles(backend, naming)).indexes.length === 0)
    throw new VarveError('NOT_FOUND', `repair ${backend.description}: there is no store`)
  const lock = await backend.lock().catch((error: unknown) => {
    throw backendFailure(`lock ${backend.description}`, error)
  })
  let report: RepairReport
  try {
    const repair = await Repair.begin(backend, naming, options.genesisBytes)
    try {
      const { tasks, damages } = await repair.plan(signal, onProgress)
      for (const task of dryRun ? [] : tasks) {
        signal?.throwIfAborted()
        await repair.carryOut(task)
      }
      report = { dryRun, steps: tasks.map((task) => repair.stepOf(task)), damages }
    } finally {
      await repair.end()
    }
  } catch (error) {
    await lock.release().catch(() => undefined)
    if (signal?.aborted && error === signal.reason) throw error
    throw error instanceof TypeError ? error : backendFailure(`repair ${backend.description}`, error)
  }
  await lock.release().catch((error: unknown) => {
    throw backendFailure(`repair ${backend.description}: everything is done, but for giving back the lock`, error)
  })
  return report
}

class Repair {
  readonly #backend: FileBackend
  readonly #naming: FileNaming
  readonly #files: FileSet
  readonly #indexes: readonly number[]
  readonly #names: QuarantineNames

  static async begin(backend: FileBackend, naming: FileNaming, genesis: Uint8Array): Promise<Repair> {
    const { indexes, quarantines } = await listFiles(backend, naming)
    const used = [...indexes]
    // A start removes the file that was created last and never used.
    if (used.length > 1 && (await isNeverUsed(backend, naming.dataFile(used[used.length - 1] as number)))) used.pop()
    const identity = await findIdentity(used, { backend, naming, genesis })
    const files = new FileSet(backend, naming, identity, { isBesideWriter: false })
    return new Repair(backend, naming, files, used, new QuarantineNames(backend, naming, quarantines))
  }

  private constructor(backend: FileBackend, naming: FileNaming, files: FileSet, indexes: readonly number[], names: QuarantineNames) {
    this.#backend = backend
    this.#naming = naming
    this.#files = files
    this.#indexes = indexes
    this.#names = names
  }

  async plan(
    signal: AbortSignal | undefined,
    onProgress: RepairOptions['onProgress'],
  ): Promise<{ readonly tasks: readonly RepairTask[]; readonly damages: readonly Damage[] }> {
    const end = await durableEndOfFiles(this.#files, this.#indexes)
    const findings = await this.#examine(end, signal, onProgress)
    const tasks = await planRepair(findings, {
      backend: this.#backend,
      files: this.#files,
      indexes: this.#indexes,
      end,
      names: this.#names,
    })
    return { tasks, damages: findings.flatMap(({ damages }) => damages) }
  }

  async #examine(end: Place, signal: AbortSignal | undefined, onProgress: RepairOptions['onProgress']): Promise<FileFinding[]> {
    const totalBytes = onProgress ? await this.#files.sizeOf(this.#indexes) : 0
    const findings: FileFinding[] = []
    let before = 0
    const progress = (open: OpenFile, position: number): void => {
      signal?.throwIfAborted()
      onProgress?.({ bytes: before + open.physical(Math.min(position, open.end)), totalBytes, file: open.name })
    }
    const windowOver = (open: OpenFile): FileWindow => new WatchedWindow(open, progress)
    const parts = { files: this.#files, indexes: this.#indexes, end, windowOver, wasDropped: async () => false }
    for await (const finding of examineStore(parts)) {
      findings.push(finding)
      if (finding.kind === 'file') before += finding.bytes
    }
    return findings
  }

  async carryOut(task: RepairTask): Promise<void> {
    switch (task.kind) {
      case 'set-aside':
        return this.#files.exclusive(task.index, () => this.#backend.replace(this.#naming.dataFile(task.index), task.name))
      case 'begin':
        return this.#begin(task.index, task.header)
      case 'stub': {
        const { header, endSequence, timestamp, continues } = task
        return this.#replace(task.index, lostFile(header, endSequence, timestamp, this.#files.identity.storeSeed, continues))
      }
      case 'rewrite':
        return this.#rewrite(task)
    }
  }

  async #begin(index: number, header: FileHeader): Promise<void> {
    try {
      await (await createDataFile(this.#backend, this.#naming.dataFile(index), header)).file.close()
    } catch (error) {
      throw error instanceof WriteRefused ? error.cause : error
    }
  }

  async #rewrite(task: Extract<RepairTask, { kind: 'rewrite' }>): Promise<void> {
    const { index, parts, extents } = task
    const temporary = this.#naming.temporary(index)
    await this.#files.with(index, async (open) => {
      for (const extent of extents) await saveExtent(this.#backend, temporary, open.file, extent)
      await writeReplacement(this.#backend, temporary, inPieces(rebuiltFile(open, parts)))
    })
    await this.#checkReplacement(temporary, task)
    await this.#takePlace(index, temporary)
  }

  /** What takes a file's place has to be without damage and to hold every intact item. */
  async #checkReplacement(temporary: string, { index, finding, parts }: Extract<RepairTask, { kind: 'rewrite' }>): Promise<void> {
    const { identity } = this.#files
    const file = await this.#backend.open(temporary)
    try {
      const header = checkFileHeader(temporary, await readHead(file), index, identity.genesis, identity.storeId)
      const open = new OpenFile(temporary, file, header, await file.size())
      const damages: Damage[] = []
      const onDamage = (damage: Damage): void => void damages.push(damage)
      const { items } = await examineFile(new FileWindow(open, MiB), { ...parts, limit: open.end, onDamage })
      if (damages.length === 0 && items === finding.examination.items) return
      const why = damages[0]
        ? `at position ${damages[0].position}: ${damages[0].detail}`
        : `${items} of ${finding.examination.items} items would be left`
      throw new VarveError('CORRUPT', `${this.#naming.dataFile(index)} can't be made whole ${why}; nothing of it was changed`)
    } catch (error) {
      await file.close()
      await removeIfThere(this.#backend, temporary).catch(() => undefined)
      throw error
    } finally {
      await file.close()
    }
  }

  async #replace(index: number, content: AsyncIterable<Uint8Array>): Promise<void> {
    const temporary = this.#naming.temporary(index)
    await writeReplacement(this.#backend, temporary, inPieces(content))
    await this.#takePlace(index, temporary)
  }

  async #takePlace(index: number, temporary: string): Promise<void> {
    await this.#files.exclusive(index, () => this.#backend.replace(temporary, this.#naming.dataFile(index)))
  }

  stepOf(task: RepairTask): RepairStep {
    const { kind: action, index } = task
    const base = { action, file: this.#naming.dataFile(index), index }
    switch (task.kind) {
      case 'set-aside':
        return { ...base, savedAs: [task.name], detail: task.detail }
      case 'rewrite':
        return {
          ...base,
          savedAs: task.extents.map(({ name }) => name),
          detail: `${task.finding.examination.items} intact items stay where they are`,
        }
      case 'stub':
        return { ...base, savedAs: [], detail: 'a location in it reads as lost from now on' }
      case 'begin':
        return { ...base, savedAs: [], detail: 'items are added to it from now on' }
    }
  }

  async end(): Promise<void> {
    await this.#files.closeAll()
  }
}

async function isNeverUsed(backend: FileBackend, name: string): Promise<boolean> {
  try {
    const file = await backend.open(name)
    try {
      return await isUnused(file, await readHead(file))
    } finally {
      await file.close()
    }
  } catch (error) {
    // No regular file: it is set aside like any other that is not of this store.
    if (isBackendError(error, 'UNSUPPORTED')) return false
    throw error
  }
}
