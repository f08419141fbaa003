import { BackendError, type BackendFile, type FileBackend } from '@varve/backend'
import type { EveryCrashOptions } from '@varve/backend/faults'

/** What someone could get wrong. */
export interface Mistakes {
  readonly acknowledgesBeforeSync?: boolean
  readonly doesNotWaitForSync?: boolean
  readonly syncsBeforeAppendIsOver?: boolean
  readonly triesFailedSyncAgain?: boolean
  readonly checksNothing?: boolean
  readonly leavesTornTail?: boolean
  readonly doesNotSyncRecovery?: boolean
  readonly doesNotRewrite?: boolean
  readonly compactsWithoutSync?: boolean
  readonly removesBeforeReplace?: boolean
  readonly leavesHalfAppend?: boolean
  readonly leaksHandle?: boolean
}

/** The least that keeps the promise: one file of lines, each with its length and a sum; an append is durable when it resolves. */
export class TinyLog {
  readonly lines: string[] = []
  readonly #backend: FileBackend
  readonly #mistakes: Mistakes
  #file!: BackendFile
  #size = 0
  #broken = false

  private constructor(backend: FileBackend, mistakes: Mistakes) {
    this.#backend = backend
    this.#mistakes = mistakes
  }

  static async open(backend: FileBackend, mistakes: Mistakes = {}): Promise<TinyLog> {
    const log = new TinyLog(backend, mistakes)
    await log.#recover()
    return log
  }

  async append(line: string): Promise<void> {
    if (this.#broken) throw new Error('broken until it is opened again')
    const record = encode(line)
    const { doesNotWaitForSync, acknowledgesBeforeSync, syncsBeforeAppendIsOver, triesFailedSyncAgain, leavesHalfAppend } = this.#mistakes
    try {
      const appended = this.#file.append([record], this.#size)
      if (syncsBeforeAppendIsOver) await Promise.all([appended, this.#file.sync()])
      await appended
    } catch (error) {
      if (leavesHalfAppend) this.#size = await this.#file.size()
      else await this.#breaking(() => this.#file.truncate(this.#size))
      throw error
    }
    this.#size += record.length
    this.lines.push(line)
    if (acknowledgesBeforeSync || syncsBeforeAppendIsOver) return
    const synced = this.#file.sync()
    if (doesNotWaitForSync) return void synced.catch(() => undefined)
    await this.#breaking(() => (triesFailedSyncAgain ? synced.catch(() => this.#file.sync()) : synced))
  }

  /** Leaves only the last line. */
  async compact(): Promise<void> {
    const { compactsWithoutSync, removesBeforeReplace } = this.#mistakes
    const record = encode(this.lines.at(-1)!)
    const file = await this.#backend.create('log.new')
    await file.append([record], 0)
    if (!compactsWithoutSync) await file.sync()
    if (removesBeforeReplace) await this.#backend.remove('log')
    await this.#backend.replace('log.new', 'log')
    await this.#file.close()
    this.#file = file
    this.#size = record.length
    this.lines.splice(0, this.lines.length - 1)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  /** What failed once is unknown from then on. */
  async #breaking(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#broken = true
      throw error
    }
  }

  async #recover(): Promise<void> {
    const names = await this.#backend.list()
    if (names.includes('log.new')) await this.#backend.remove('log.new')
    this.#file = names.includes('log') ? await this.#backend.open('log') : await this.#backend.create('log')
    try {
      const bytes = new Uint8Array(await this.#file.size())
      if ((await this.#file.read(bytes, 0)) < bytes.length) throw new BackendError('IO', 'a short read')
      const { leavesTornTail, doesNotSyncRecovery, doesNotRewrite } = this.#mistakes
      this.#size = this.#decode(bytes)
      if (leavesTornTail) this.#size = bytes.length
      else if (this.#size < bytes.length) await this.#file.truncate(this.#size)
      if (!doesNotSyncRecovery) await this.#file.sync(doesNotRewrite ? undefined : 0)
    } catch (error) {
      if (!this.#mistakes.leaksHandle) await this.#file.close()
      throw error
    }
  }

  /** Returns where the last whole line ends. */
  #decode(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer)
    let at = 0
    while (at + 5 <= bytes.length) {
      const end = at + 5 + bytes[at]!
      const text = bytes.subarray(at + 5, end)
      if (text.length === 0 || end > bytes.length || (!this.#mistakes.checksNothing && view.getUint32(at + 1) !== sum(text))) break
      this.lines.push(String.fromCharCode(...text))
      at = end
    }
    return at
  }
}

function encode(line: string): Uint8Array {
  const record = new Uint8Array(5 + line.length)
  record[0] = line.length
  for (let index = 0; index < line.length; index++) record[5 + index] = line.charCodeAt(index)
  new DataView(record.buffer).setUint32(1, sum(record.subarray(5)))
  return record
}

function sum(bytes: Uint8Array): number {
  return bytes.reduce((state, byte) => Math.imul(state ^ byte, 0x01000193), 0x811c9dc5) >>> 0
}

/** What a log was told is durable, and what it was handed since. */
export interface Ledger {
  durable: string[]
  maybe: string[]
}

/** Appends with a ledger. */
export async function append(log: TinyLog, ledger: Ledger, line: string): Promise<void> {
  ledger.maybe.push(line)
  await log.append(line)
  ledger.durable.push(line)
  // What failed before it was cut off, and that is durable now.
  ledger.maybe = []
}

/** Throws unless the log has every durable line, then any number of those that may be there; from then on they are durable, since they were served. */
export function holds(log: TinyLog, ledger: Ledger): void {
  const { durable, maybe } = ledger
  const possible = [durable, ...maybe.map((_, last) => [...durable, ...maybe.slice(0, last + 1)])]
  const lines = JSON.stringify(log.lines)
  if (!possible.some((each) => JSON.stringify(each) === lines)) throw new Error(`${lines} is none of ${JSON.stringify(possible)}`)
  ledger.durable = [...log.lines]
  ledger.maybe = []
}

/** Opens and appends three lines; after a power loss expects them, goes on with another, and expects that too. */
export function logProgram(mistakes: Mistakes): Omit<EveryCrashOptions<Ledger>, 'promised'> {
  return {
    run: async (backend, ledger) => {
      const log = await TinyLog.open(backend, mistakes)
      for (const line of ['a line that is longer than two sectors are', 'short', 'of middle length']) await append(log, ledger, line)
      await log.close()
    },
    check: async (backend, ledger) => {
      const log = await TinyLog.open(backend, mistakes)
      holds(log, ledger)
      await append(log, ledger, 'goes on')
      await log.close()
      const again = await TinyLog.open(backend, mistakes)
      holds(again, ledger)
      await again.close()
    },
  }
}
