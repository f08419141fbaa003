/**
 * Has the disk begin with what was appended while more of it is on its way, so that the sync in the end finds most of it done. Left alone, the system begins after seconds, and the disk is idle until then. What is durable earlier than anybody asked
 * for changes nothing of what a crash may leave.
 */
export class EarlyWriteback {
  readonly #after: number
  readonly #sync: () => Promise<void>
  #unsynced = 0
  #underWay: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(after: number, sync: () => Promise<void>) {
    this.#after = after
    this.#sync = sync
  }

  noteAppend(bytes: number): void {
    this.#unsynced += bytes
    if (this.#unsynced < this.#after || this.#underWay || this.#failure) return
    this.#unsynced = 0
    this.#underWay = this.#writeBack()
  }

  /** To be awaited by every sync that was asked for, when it is through: throws what went wrong before. The system tells of a failed write once, and then takes the bytes for written. */
  async settle(): Promise<void> {
    this.#unsynced = 0
    await this.#underWay
    if (this.#failure) throw this.#failure.error
  }

  async #writeBack(): Promise<void> {
    try {
      await this.#sync()
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#underWay = undefined
    }
  }
}
