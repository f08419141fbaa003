import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What all files below a directory occupy on the disk, holes not counted and space ahead of the data counted. */
export async function diskBytes(directory: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const { blocks, size } = await lstat(join(entry.parentPath, entry.name))
    // Windows tells no blocks.
    bytes += blocks ? blocks * 512 : size
  }
  return bytes
}
