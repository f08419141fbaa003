import type { FileBackend } from '@varve/backend'
import { type Files, readFiles } from '@varve/backend/faults'
import { Varve } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { ManualClock } from '../programs/manual-clock.js'
import type { StoreSettings } from '../programs/program.js'
import type { Account } from './account.js'
import { lookAt } from './look-at.js'
import { type Look, settle, settlementOf } from './settlement.js'

/** Opens a store as whoever comes next does, without any fault; recovers it, and gives what it holds. */
export async function recoverAndLook(backend: FileBackend, settings: StoreSettings): Promise<Look> {
  const store = new Varve(backend, settings, new ManualClock())
  let nextSequence = 0
  store.on('start', (event) => {
    nextSequence = event.nextSequence
  })
  await store.start()
  const found = await lookAt(backend, settings)
  await store.stop()
  return { ...found, nextSequence }
}

/** Opens the store in which a process has ended, and throws where the account is not kept: now, and when it is opened a second time, which must change no byte. */
export async function assertKeptWhenReopened(backend: FileBackend, settings: StoreSettings, account: Account): Promise<void> {
  settle(account, settlementOf(account, await recoverAndLook(backend, settings)))
  const before = await readFiles(backend)
  settle(account, settlementOf(account, await recoverAndLook(backend, settings)))
  assertSameFiles(before, await readFiles(backend))
}

function assertSameFiles(before: Files, after: Files): void {
  const isSame =
    before.size === after.size && [...before].every(([name, bytes]) => Buffer.compare(bytes, after.get(name) ?? new Uint8Array(0)) === 0)
  if (!isSame) throw new BrokenPromise('a store that was stopped was changed by opening and stopping it again')
}
