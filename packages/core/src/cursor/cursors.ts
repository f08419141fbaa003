import type { FileBackend } from '@varve/backend'
import type { Emitter } from '../emitter.js'
import { VarveError } from '../errors.js'
import { CURSOR_NAME_RULE, isCursorName } from '../format/file-name.js'
import type { ScanSource } from '../read/scan-source.js'
import type { Session } from '../session/session.js'
import { Cursor } from './cursor.js'
import { deleteCursor, listCursors, readCursor, writeCursor } from './cursor-files.js'

/** A cursor as its file tells it. */
export interface CursorInfo {
  readonly name: string
  /** The sequence of the first item that is not committed; undefined where the file is damaged. */
  readonly position: number | undefined
  /** When it was committed last, in milliseconds since the Unix epoch. */
  readonly timestamp: number | undefined
}

export interface CursorsParts {
  readonly backend: FileBackend
  readonly session: Session
  readonly emitter: Emitter
  /** Throws where the store takes no more. */
  readonly checkWritable: (operation: string) => void
}

/** The cursors of a store between its start and its stop. */
export class Cursors {
  readonly #parts: CursorsParts
  readonly #cursors = new Map<string, Promise<Cursor>>()
  #removals: Promise<unknown> = Promise.resolve()

  constructor(parts: CursorsParts) {
    this.#parts = parts
  }

  /** The cursor of that name: one for all who ask for it, where this program is the writer; else read anew. */
  open(name: string): Promise<Cursor> {
    checkCursorName(name)
    if (this.#parts.session.source.isBesideWriter) return this.#open(name)
    let cursor = this.#cursors.get(name)
    if (!cursor) {
      cursor = this.#open(name)
      this.#cursors.set(name, cursor)
      cursor.catch(() => this.#cursors.delete(name))
    }
    return cursor
  }

  async list(): Promise<CursorInfo[]> {
    const { backend, session } = this.#parts
    const found: CursorInfo[] = []
    for (const name of await listCursors(backend)) {
      try {
        const state = await readCursor(backend, name, session.files.identity.storeId)
        if (state) found.push({ name, position: state.sequence, timestamp: state.timestamp })
      } catch (error) {
        if (!VarveError.is(error) || !UNREADABLE.has(error.code)) throw error
        found.push({ name, position: undefined, timestamp: undefined })
      }
    }
    return found
  }

  /** Forgets a cursor, a damaged one too. */
  async remove(name: string): Promise<void> {
    checkCursorName(name)
    this.#parts.checkWritable('removeCursor')
    const open = this.#cursors.get(name)
    this.#cursors.delete(name)
    const removal = Promise.resolve(open)
      .catch(() => undefined)
      .then((cursor) => cursor?.whenIdle())
      .then(() => deleteCursor(this.#parts.backend, name))
    this.#removals = Promise.all([this.#removals, removal.catch(() => undefined)])
    await removal
    this.#parts.emitter.emit('cursor', { cursor: name, position: undefined })
  }

  /** The durable position of a cursor that is open. */
  async durablePosition(name: string): Promise<number | undefined> {
    return (await this.#cursors.get(name)?.catch(() => undefined))?.position
  }

  /** Resolves when nothing is being written. */
  async whenIdle(): Promise<void> {
    await this.#removals
    for (const opening of this.#cursors.values()) await (await opening.catch(() => undefined))?.whenIdle()
  }

  async #open(name: string): Promise<Cursor> {
    const { backend, session, emitter, checkWritable } = this.#parts
    const { source, files } = session
    const { storeId } = files.identity
    const state = await readCursor(backend, name, storeId)
    const sequence = state?.sequence ?? 0
    return new Cursor({
      name,
      source,
      // Where items that were durable are gone, their sequences are given again: those are not done with.
      sequence: source.isBesideWriter ? sequence : Math.min(sequence, source.frontier.sequence),
      checkWritable,
      save: async (position) => {
        const state = { storeId, sequence: position, timestamp: Math.max(0, Math.trunc(session.source.stamp())) }
        await writeCursor(backend, name, state, () => checkGoing(source))
        emitter.emit('cursor', { cursor: name, position })
      },
    })
  }
}

/** No more is asked for: the lock is held until nothing is being written. */
function checkGoing({ failure }: ScanSource): void {
  if (failure) throw new VarveError('FAILED', `commit: the store failed meanwhile: ${failure.message}`, { cause: failure })
}

const UNREADABLE: ReadonlySet<string> = new Set(['CORRUPT', 'UNSUPPORTED_VERSION', 'FOREIGN_FILE', 'UNSUPPORTED'])

function checkCursorName(name: string): void {
  if (typeof name !== 'string') throw new TypeError(`the name of a cursor is a string, not ${typeof name}`)
  if (!isCursorName(name))
    throw new VarveError('INVALID_OPTION', `a cursor can't be named ${JSON.stringify(name.slice(0, 80))}; allowed: ${CURSOR_NAME_RULE}`)
}
