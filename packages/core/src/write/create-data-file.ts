import type { BackendFile, FileBackend } from '@varve/backend'
import { isBackendError, VarveError } from '../errors.js'
import { encodeFileHeader, FILE_HEADER_BYTES, type FileHeader } from '../format/file-header.js'
import { OpenFile } from '../read/open-file.js'
import { WriteRefused } from './active-file.js'

/**
 * Creates a data file. Its header and its name are durable when it resolves, before the first block goes in, so a file whose
 * header is broken was never used, unless something follows it: then it is damage.
 * {@link WriteRefused} where it may be tried again; what else it throws is final.
 */
export async function createDataFile(backend: FileBackend, name: string, header: FileHeader): Promise<OpenFile> {
  const file = await createAnew(backend, name)
  try {
    await file.append([encodeFileHeader(header)], 0)
  } catch (error) {
    // What is left over is recognised as never used, by the next try or the next start.
    await abandon(file)
    throw new WriteRefused(error)
  }
  try {
    await file.sync()
  } catch (error) {
    await abandon(file)
    throw new VarveError('FAILED', `sync the new file ${name}`, { cause: error })
  }
  return new OpenFile(name, file, header, FILE_HEADER_BYTES)
}

// Why it is given up is what there is to tell; a handle that can't be closed either adds nothing.
async function abandon(file: BackendFile): Promise<void> {
  await file.close().catch(() => undefined)
}

async function createAnew(backend: FileBackend, name: string): Promise<BackendFile> {
  try {
    return await backend.create(name)
  } catch (error) {
    if (!isBackendError(error, 'ALREADY_EXISTS')) throw refusal(name, error)
  }
  await removeUnused(backend, name)
  try {
    return await backend.create(name)
  } catch (error) {
    throw refusal(name, error)
  }
}

// The directory's sync may be what failed, and a failed sync is final.
function refusal(name: string, error: unknown): Error {
  if (!isBackendError(error, 'IO')) return new WriteRefused(error)
  return new VarveError('FAILED', `create ${name}: its name may not be durable, so nothing is written to it`, { cause: error })
}

// An earlier try of this process may have left the file behind; one with something in it is nobody's to remove.
async function removeUnused(backend: FileBackend, name: string): Promise<void> {
  let size: number
  try {
    const file = await backend.open(name)
    try {
      size = await file.size()
    } finally {
      await file.close()
    }
    if (size <= FILE_HEADER_BYTES) await backend.remove(name)
  } catch (error) {
    throw new WriteRefused(error)
  }
  if (size > FILE_HEADER_BYTES)
    throw new VarveError('FOREIGN_FILE', `${name} appeared while the store was running: it has ${size} bytes and was not made by it`)
}
