import { BackendError } from '../backend-error.js'
import type { SyncFailure } from './power-loss.js'

/** @internal The syncs that are yet to fail. */
export class SyncFailures {
  #planned: { failure: SyncFailure; left: number }[] = []

  add(failure: SyncFailure): void {
    this.#planned.push({ failure, left: failure.times ?? 1 })
  }

  /** What this sync is to fail with, if it is. */
  take(sync: 'directory' | { readonly name: string }): BackendError | undefined {
    const planned = this.#planned.find(({ failure: { of } }) =>
      sync === 'directory' ? of === 'directory' : of === undefined || (of !== 'directory' && of.name === sync.name),
    )
    if (!planned) return undefined
    planned.left--
    this.#planned = this.#planned.filter(({ left }) => left > 0)
    const { code = 'IO' } = planned.failure
    return new BackendError(
      code,
      `injected ${code}: a sync of ${sync === 'directory' ? 'the directory' : sync.name} failed, and what it was about is lost`,
    )
  }
}
