import type { FileBackend } from '@varve/backend'
import { s3Backend } from '@varve/s3-backend'
import { bucket, credentials, endpoint, freshPrefix } from '../cluster/cluster.js'

// The engine's tests say `memoryBackend()`, and mean some backend whose files outlive it. Run with the config beside this file they get
// one on the object store: what they call a volume is a prefix there.
const prefixes = new WeakMap<object, string>()

export interface MemoryBackend extends FileBackend {
  readonly volume: object
}

export function memoryBackend({ volume = {} }: { readonly volume?: object } = {}): MemoryBackend {
  const prefix = prefixes.get(volume) ?? freshPrefix()
  prefixes.set(volume, prefix)
  const backend = s3Backend({ bucket, prefix, credentials, endpoint: String(endpoint), idleInterval: 0, partsPerMerge: 4 })
  return Object.assign(backend, { volume })
}
