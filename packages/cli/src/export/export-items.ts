import { hash } from 'node:crypto'
import { mkdir, open, readdir, rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ScannedItem } from '@varve/core'
import { CommandError, ExitCode } from '../exit-code.js'
import { type ItemValue, itemFileName, itemValue } from '../scan/item-line.js'

/** A line of the manifest: an item, the file it became, and its SHA-256. */
interface ManifestLine extends ItemValue {
  /** Relative to the directory. */
  readonly file: string
  readonly sha256: string
}

const MANIFEST = 'manifest.jsonl'

export interface ExportReport {
  readonly directory: string
  readonly items: number
  readonly bytes: number
  readonly manifest: string
}

/** Writes each item to a file of its own, those of one data file into one folder. The manifest gets its name when all is done. */
export async function exportItems(
  items: AsyncIterable<ScannedItem>,
  directory: string,
  onItem: (bytes: number) => void,
): Promise<ExportReport> {
  await mustBeEmpty(directory)
  const manifest = join(directory, MANIFEST)
  const begun = await open(`${manifest}.part`, 'w')
  let count = 0
  let bytes = 0
  try {
    let folder = ''
    for await (const item of items) {
      const name = String(item.location.index).padStart(5, '0')
      if (folder !== name) await mkdir(join(directory, name), { recursive: true })
      folder = name
      const line = await exportItem(item, directory, folder)
      await begun.writeFile(`${JSON.stringify(line)}\n`)
      count++
      bytes += line.size
      onItem(line.size)
    }
    await begun.sync()
  } finally {
    await begun.close()
  }
  await rename(`${manifest}.part`, manifest)
  return { directory, items: count, bytes, manifest }
}

async function exportItem(item: ScannedItem, directory: string, folder: string): Promise<ManifestLine> {
  const file = `${folder}/${itemFileName(item.sequence)}`
  const path = join(directory, file)
  await writeFile(path, item.data)
  const stored = new Date(item.timestamp)
  await utimes(path, stored, stored)
  return { ...itemValue(item), file, sha256: hash('sha256', item.data, 'hex') }
}

async function mustBeEmpty(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true })
    if ((await readdir(directory)).length === 0) return
  } catch (cause) {
    throw new CommandError(ExitCode.failed, `${directory} can't be made: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  throw new CommandError(ExitCode.usage, `${directory} is not empty; choose a directory that is new`)
}
