import { BackendError, type BackendLock } from '@varve/backend'
import type { Container } from './container.js'
import { closeRuns } from './manifest.js'

/** The right to be the only writer, as the manifest says: an epoch that nobody else has. It has no time limit, and is lost only to a writer that takes over. */
export class WriterLock implements BackendLock {
  readonly description: string
  readonly epoch: number
  readonly #container: Container
  readonly #lost = new AbortController()
  #release: Promise<void> | undefined

  private constructor(container: Container, epoch: number, description: string) {
    this.#container = container
    this.epoch = epoch
    this.description = description
  }

  /** `LOCKED` where another session, or `held` of this one, has it, unless it may be taken over. */
  static async take(container: Container, held: WriterLock | undefined): Promise<WriterLock> {
    const { chain, session, options, description: where } = container
    await chain.refresh()
    const found = chain.current.holder
    const description = `epoch ${session} of ${options.writer}, since ${new Date().toISOString()}`
    await chain.update((current) => {
      const { holder } = current
      // Only the one that was found: of several that take over at the same time the first shall stay.
      const isLeft = holder === undefined || (options.takeover && !held && holder.description === found?.description)
      if (!isLeft)
        throw new BackendError('LOCKED', `${where} is held: ${holder.description}. A writer that crashed holds it until takeover is said`)
      return { ...current, epoch: current.epoch + 1, holder: { session, description } }
    })
    const { holder, epoch } = chain.current
    if (holder?.description !== description) throw new BackendError('LOCKED', `${where} is held: ${holder?.description}`)
    const lock = new WriterLock(container, epoch, description)
    if (await chain.isGuarded()) return lock
    throw new BackendError(
      'UNSUPPORTED',
      `${where}: the store puts objects where there are some already (it ignores If-None-Match), so it can't keep two writers apart`,
    )
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  get isHeld(): boolean {
    return !this.#lost.signal.aborted
  }

  lose(reason: BackendError): void {
    this.#lost.abort(reason)
  }

  release(): Promise<void> {
    this.#release ??= this.#giveUp().catch((error: unknown) => {
      this.#release = undefined
      throw error
    })
    return this.#release
  }

  async #giveUp(): Promise<void> {
    const container = this.#container
    await container.maintenance.stop()
    if (this.isHeld) {
      const ends = container.ownEnds()
      await container.chain.update((current) => {
        if (current.epoch !== this.epoch || current.holder === undefined) return undefined
        const { holder: _, ...rest } = container.maintenance.settle(closeRuns(current, ends))
        return rest
      })
    }
    container.forgetLock(this)
  }
}
