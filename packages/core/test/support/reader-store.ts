import { type FaultyBackend, faultyBackend } from '@varve/backend/faults'
import { Varve, type VarveOptions } from '@varve/core'
import type { MemoryBackend } from '@varve/memory-backend'
import { EagerClock } from './eager-clock.js'

/** A store that is opened to read what a writer elsewhere keeps in the same place. */
export interface ReaderStore {
  readonly reader: Varve
  readonly disk: FaultyBackend
}

export async function openReader(memory: MemoryBackend, options: VarveOptions = {}): Promise<ReaderStore> {
  const disk = faultyBackend(memory)
  const reader = new Varve(disk, { ...options, readOnly: true }, new EagerClock())
  await reader.start()
  return { reader, disk }
}
