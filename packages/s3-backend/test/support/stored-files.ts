import type { BackendFile, FileBackend } from '@varve/backend'
import { liveParts } from '../../src/manifest.js'
import type { S3Backend } from '../../src/s3-backend.js'

/** Bytes that tell where they come from. */
export function bytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, n) => (n * 7 + seed * 31) & 0xff)
}

export async function contentOf(file: BackendFile): Promise<Uint8Array> {
  const content = new Uint8Array(await file.size())
  const read = await file.read(content, 0)
  return content.subarray(0, read)
}

/** Every file and what is in it, as hex. */
export async function filesOf(backend: FileBackend): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of [...(await backend.list())].sort()) {
    const file = await backend.open(name)
    found[name] = Buffer.from(await contentOf(file)).toString('hex')
    await file.close()
  }
  return found
}

/** Objects that no file needs, the fences left out: after the next holder of the lock has tidied up there are none. */
export async function garbageOf({ container }: S3Backend): Promise<string[]> {
  const { chain, store, keys } = container
  await chain.refresh()
  const isLive = liveParts(chain.current)
  const garbage = await chain.outdated()
  for await (const page of store.list(keys.data)) {
    for (const { key, size } of page) {
      const part = keys.partOf(key)
      if (!part || (size > 0 && !isLive(part.path, part.position, size))) garbage.push(key)
    }
  }
  return garbage
}

export function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => {
      throw new Error('it resolved')
    },
    (error) => error,
  )
}
