import { encodeFileHeader, type FileHeader } from '../format/file-header.js'
import { type OpenFile, sameBytes } from '../read/open-file.js'
import { ProvenEnd } from '../read/proven-end.js'
import type { Session } from '../session/session.js'
import type { DurableEnd, ReplicationSource } from './replication-source.js'

// A file that was closed changes only by a trim or a drop. So many of them are looked at each time, one after the other.
const LOOKED_AT = 32
/** The least pause between two looks, in milliseconds. */
const LEAST_PAUSE = 20

interface Copied {
  readonly header: FileHeader
  readonly end: number
}

/** A store whose writer is another process: it has to be looked at again and again, and only what proves to be durable is copied. */
export class WatchedSource implements ReplicationSource {
  readonly session: Session
  readonly pause = LEAST_PAUSE
  readonly #proven: ProvenEnd
  readonly #copied = new Map<number, Copied>()
  #next = 0

  constructor(session: Session) {
    this.session = session
    this.#proven = new ProvenEnd(session.files)
  }

  async durableEnd(): Promise<DurableEnd | undefined> {
    const { source } = this.session
    await source.lookAgain()
    return this.#proven.find(await source.listFiles())
  }

  async nextChange(): Promise<void> {}

  readonly withFile = async <T>(index: number, action: (open: OpenFile) => Promise<T>): Promise<T | undefined> => {
    const { files } = this.session
    // What has the name now, and all of it that is there by now.
    await files.forget(index)
    return files.with(index, async (open) => {
      await open.refresh()
      return action(open)
    })
  }

  noteCopied({ header, index }: OpenFile, end: number): void {
    this.#copied.set(index, { header, end })
  }

  async takeChanged(last: number): Promise<readonly number[]> {
    const { firstIndex } = this.session.source
    for (const index of this.#copied.keys()) if (index < firstIndex) this.#copied.delete(index)
    const changed: number[] = []
    const count = Math.min(LOOKED_AT, last - firstIndex)
    for (let n = 0; n < count; n++) {
      if (this.#next < firstIndex || this.#next >= last) this.#next = firstIndex
      const index = this.#next++
      if (await this.#isChanged(index)) changed.push(index)
    }
    return changed
  }

  async #isChanged(index: number): Promise<boolean> {
    const copied = this.#copied.get(index)
    if (!copied) return true
    const found = await this.withFile(
      index,
      // A trim cuts a file at its beginning, which its header says, or at its end.
      async ({ header, end }) => end !== copied.end || !sameBytes(encodeFileHeader(header), encodeFileHeader(copied.header)),
    )
    return found ?? false
  }

  takeCursorsMoved(): boolean {
    return true
  }

  noteCursorsMoved(): void {}

  release(): void {}
}
