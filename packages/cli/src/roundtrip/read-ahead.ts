import { readFile } from 'node:fs/promises'
import type { FoundFile } from './find-files.js'

export interface ReadFile extends FoundFile {
  /** What it holds, or undefined where it can't be read any more. */
  readonly data: Uint8Array | undefined
}

const MAX_FILES = 16
const MAX_BYTES = 32 * 1024 * 1024

/** Reads the files in order, some of them ahead: no more than 32 MiB at a time, unless one file alone is larger. */
export async function* readAhead(files: Iterable<FoundFile>): AsyncGenerator<ReadFile, void, undefined> {
  const under: { file: FoundFile; data: Promise<Uint8Array | undefined> }[] = []
  let bytes = 0
  const take = async (): Promise<ReadFile> => {
    const { file, data } = under.shift()!
    bytes -= file.size
    return { ...file, data: await data }
  }
  for (const file of files) {
    while (under.length > 0 && (under.length >= MAX_FILES || bytes + file.size > MAX_BYTES)) yield await take()
    under.push({ file, data: readFile(file.path).catch(() => undefined) })
    bytes += file.size
  }
  while (under.length > 0) yield await take()
}
