import type { Emitter } from '../emitter.js'
import type { OpenFile } from '../read/open-file.js'
import type { Session } from '../session/session.js'
import { borrowFile } from './borrowed-file.js'
import type { DurableEnd, ReplicationSource } from './replication-source.js'

/** The store of this program, which tells what becomes durable and what is removed. */
export class RunningSource implements ReplicationSource {
  readonly session: Session
  readonly pause = 0
  readonly #off: readonly (() => void)[]
  #changed = new Set<number>()
  #wake: (() => void) | undefined
  #cursorsMoved = true

  constructor(session: Session, emitter: Emitter) {
    this.session = session
    const note = ({ index }: { readonly index: number }): void => {
      this.#changed.add(index)
      this.wake()
    }
    const noteCursor = (): void => {
      this.noteCursorsMoved()
      this.wake()
    }
    this.#off = [emitter.on('trim', note), emitter.on('destroyIndex', note), emitter.on('cursor', noteCursor)]
  }

  /** Has who waits for a change look. */
  wake(): void {
    this.#wake?.()
  }

  async durableEnd(): Promise<DurableEnd> {
    return this.session.source.frontier
  }

  async nextChange(): Promise<void> {
    const removed = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    await Promise.race([this.session.source.nextChange(false), removed])
  }

  readonly withFile = async <T>(index: number, action: (open: OpenFile) => Promise<T>): Promise<T | undefined> => {
    const open = await borrowFile(this.session.files, index)
    return open && action(open)
  }

  noteCopied(): void {}

  async takeChanged(last: number): Promise<readonly number[]> {
    const { firstIndex } = this.session.source
    const changed = [...this.#changed].filter((index) => index <= last && index >= firstIndex)
    this.#changed = new Set()
    return changed.sort((a, b) => a - b)
  }

  takeCursorsMoved(): boolean {
    const moved = this.#cursorsMoved
    this.#cursorsMoved = false
    return moved
  }

  noteCursorsMoved(): void {
    this.#cursorsMoved = true
  }

  release(): void {
    for (const off of this.#off) off()
  }
}
