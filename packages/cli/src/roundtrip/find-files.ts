import { type Dirent, lstatSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

export interface FoundFile {
  readonly path: string
  /** Its length in bytes when it was found. */
  readonly size: number
}

/** How many directory entries were left out, by why. */
export interface Skipped {
  symbolicLinks: number
  /** Sockets, pipes, devices. */
  special: number
  empty: number
  tooLarge: number
  /** No right to read it, or gone by the time it was read. */
  unreadable: number
}

export interface FoundFiles {
  readonly files: FoundFile[]
  readonly bytes: number
  readonly skipped: Skipped
}

export interface FindOptions {
  /** A directory to leave out: the store itself may lie in what is added to it. */
  readonly except: string
  /** Files larger than this are left out. */
  readonly maxSize: number
  readonly signal: AbortSignal
}

/** Every regular, non-empty file under `directory`, in the order of their paths. Links are not followed. */
export async function findFiles(directory: string, { except, maxSize, signal }: FindOptions): Promise<FoundFiles> {
  const files: FoundFile[] = []
  const skipped: Skipped = { symbolicLinks: 0, special: 0, empty: 0, tooLarge: 0, unreadable: 0 }

  const addFile = (path: string) => {
    // Synchronous: a trip through the thread pool costs several times what the call does.
    const size = lstatSync(path, { throwIfNoEntry: false })?.size
    if (size === undefined) skipped.unreadable++
    else if (size === 0) skipped.empty++
    else if (size > maxSize) skipped.tooLarge++
    else files.push({ path, size })
  }

  const visit = async (folder: string): Promise<void> => {
    signal.throwIfAborted()
    let entries: Dirent[]
    try {
      entries = await readdir(folder, { withFileTypes: true })
    } catch (error) {
      if (folder === directory) throw error
      skipped.unreadable++
      return
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (entry.isSymbolicLink()) skipped.symbolicLinks++
      else if (entry.isFile()) addFile(path)
      else if (!entry.isDirectory()) skipped.special++
      else if (path !== except) await visit(path)
    }
  }

  await visit(directory)
  return { files, bytes: files.reduce((sum, { size }) => sum + size, 0), skipped }
}
