import type { FileBackend } from '../file-backend.js'
import type { Files } from './power-loss.js'

const chunkSize = 16 * 1024 * 1024

/** All files of a backend, for instance as the `files` that a `powerLossBackend` starts from. Rejects as the backend does. */
export async function readFiles(backend: FileBackend): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const name of await backend.list()) {
    const file = await backend.open(name)
    try {
      const bytes = new Uint8Array(await file.size())
      let at = 0
      while (at < bytes.length) {
        const read = await file.read(bytes.subarray(at), at)
        if (read === 0) break
        at += read
      }
      files.set(name, bytes.subarray(0, at))
    } finally {
      await file.close()
    }
  }
  return files
}

/** Creates the files in a backend that has none of these names, else `ALREADY_EXISTS`; durable when it resolves. After a rejection some of them may be there. */
export async function writeFiles(files: Files, backend: FileBackend): Promise<void> {
  for (const [name, bytes] of files) {
    const file = await backend.create(name)
    try {
      for (let at = 0; at < bytes.length; at += chunkSize) await file.append([bytes.subarray(at, at + chunkSize)], at)
      await file.sync()
    } finally {
      await file.close()
    }
  }
}
