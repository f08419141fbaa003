import { hash } from 'node:crypto'
import { formatLocation, type Varve } from '@varve/core'
import { CommandError, ExitCode } from '../exit-code.js'
import type { Progress } from '../terminal/progress.js'
import type { LaidDown } from './lay-down.js'

const BATCH_ITEMS = 256
const BATCH_BYTES = 8 * 1024 * 1024

/** Reads every item and compares its hash with the file's. The first that differs, or is not there, is an error that names it. */
export async function readBack(
  store: Pick<Varve, 'readMany'>,
  items: readonly LaidDown[],
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  for (const batch of batches(items)) {
    signal.throwIfAborted()
    const found = await store.readMany(batch.map(({ location }) => location))
    for (const [n, item] of batch.entries()) check(item, found[n])
    progress.advance(batch.reduce((sum, { location }) => sum + location.size, 0))
  }
}

function check({ path, location, sha256 }: LaidDown, data: Uint8Array | undefined): void {
  const item = `the item at ${formatLocation(location)}, added from ${path},`
  if (data === undefined) throw new CommandError(ExitCode.failed, `${item} is not in the store any more`)
  const found = hash('sha256', data, 'hex')
  if (found !== sha256) throw new CommandError(ExitCode.failed, `${item} came back changed: SHA-256 is ${found}, was ${sha256}`)
}

function* batches(items: readonly LaidDown[]): Generator<LaidDown[]> {
  let batch: LaidDown[] = []
  let bytes = 0
  for (const item of items) {
    if (batch.length >= BATCH_ITEMS || (batch.length > 0 && bytes + item.location.size > BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += item.location.size
  }
  if (batch.length > 0) yield batch
}
