import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** What takes the room of a file system away from the store beside it. */
export interface Ballast {
  /** Takes all the room there is. */
  fill(): void
  /** Gives all of it back. */
  empty(): void
  /** Gives a little of it back: enough for a store to end what it has begun. */
  ease(): void
}

const PIECE = 4096

/** Takes the bytes. */
export function ballastOfBytes(directory: string): Ballast {
  const path = join(directory, 'ballast')
  let size = 0
  const resize = (to: number): void => {
    const fd = openSync(path, 'a')
    ftruncateSync(fd, to)
    closeSync(fd)
    size = to
  }
  return {
    fill() {
      const fd = openSync(path, 'a')
      try {
        for (;;) size += writeSync(fd, new Uint8Array(PIECE))
      } catch (error) {
        assertNoSpace(error)
      } finally {
        closeSync(fd)
      }
    },
    empty: () => resize(0),
    ease: () => resize(Math.max(0, size - 4 * PIECE)),
  }
}

/** Takes the files that it may have. */
export function ballastOfFiles(directory: string): Ballast {
  const container = join(directory, 'ballast')
  mkdirSync(container)
  let count = 0
  const shrink = (to: number): void => {
    while (count > to) rmSync(join(container, String(--count)))
  }
  return {
    fill() {
      try {
        for (; ; count++) writeFileSync(join(container, String(count)), '')
      } catch (error) {
        assertNoSpace(error)
      }
    },
    empty: () => shrink(0),
    ease: () => shrink(Math.max(0, count - 4)),
  }
}

function assertNoSpace(error: unknown): void {
  if ((error as { readonly code?: unknown }).code !== 'ENOSPC') throw error
}
