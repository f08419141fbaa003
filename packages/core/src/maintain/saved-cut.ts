import type { FileBackend } from '@varve/backend'
import { isBackendError, messageOf } from '../errors.js'
import type { FileNaming } from '../format/file-name.js'
import { type Logger, log } from '../logger.js'
import { MiB } from '../options.js'
import { isRestZero } from '../read/diagnose.js'
import { FileWindow } from '../read/file-window.js'
import { run } from '../read/loads.js'
import type { OpenFile } from '../read/open-file.js'
import { readBytes } from '../read/read-bytes.js'

const KEPT_CUTS = 4

export interface SaveCutParts {
  readonly backend: FileBackend
  readonly naming: FileNaming
  readonly logger: Logger
  /** Names of what was cut before, oldest first; what is kept now is added, and what is given up is taken out. */
  readonly cuts: string[]
}

/** Keeps a copy of what recovery is about to cut off, and the newest few of earlier ones. Best effort: a full disk must not keep a store from opening. Returns the copy's name if it could be made; of nothing but zeros none is made. */
export async function saveCut(open: OpenFile, from: number, { backend, naming, logger, cuts }: SaveCutParts): Promise<string | undefined> {
  const name = naming.cut(open.index, from)
  try {
    const window = new FileWindow(open, MiB)
    if (await run(window, isRestZero(window, from))) return undefined
    // One of the same name is from this same recovery, interrupted.
    await backend.remove(name).catch((error: unknown) => {
      if (!isBackendError(error, 'NOT_FOUND')) throw error
    })
    const copy = await backend.create(name)
    try {
      await copyBytes(open, from, copy)
      await copy.sync()
    } finally {
      await copy.close()
    }
  } catch (error) {
    log(logger, 'warn', `what is cut off ${open.name} could not be kept as ${name}: ${messageOf(error)}`)
    await backend.remove(name).catch(() => undefined)
    return undefined
  }
  const again = cuts.indexOf(name)
  if (again >= 0) cuts.splice(again, 1)
  cuts.push(name)
  for (const old of cuts.splice(0, Math.max(0, cuts.length - KEPT_CUTS))) await backend.remove(old).catch(() => undefined)
  return name
}

async function copyBytes(open: OpenFile, from: number, copy: Awaited<ReturnType<FileBackend['create']>>): Promise<void> {
  const bytes = new Uint8Array(Math.min(MiB, open.end - from))
  for (let at = from; at < open.end; ) {
    const read = await readBytes(open.file, bytes, open.physical(at))
    if (read === 0) return
    await copy.append([bytes.subarray(0, read)], at - from)
    at += read
  }
}
