import { createHash } from 'node:crypto'
import { type Location, MiB, open, type Varve } from 'varve'

/** How a node of Bitcoin's main network marks its messages and its block files. */
const MAIN_NETWORK = Uint8Array.of(0xf9, 0xbe, 0xb4, 0xd9)
const HEADER_BYTES = 80

/** A block's hash, as explorers show it. */
export function hashOf(block: Uint8Array): string {
  const once = createHash('sha256').update(block.subarray(0, HEADER_BYTES)).digest()
  return createHash('sha256').update(once).digest().reverse().toString('hex')
}

export interface BlockArchiveOptions {
  /** 128 MiB, as Bitcoin Core's. */
  readonly maxFileSize?: number
}

/**
 * Raw blocks in files `blk00000.dat`, `blk00001.dat`, …, in the order in which they came, as Bitcoin Core keeps them; with a checksum on each, and none of them half there.
 * Where each block is, is known by its hash. That is made anew at each start, from the 80 bytes at each block's beginning.
 */
export class BlockArchive {
  readonly #db: Varve
  readonly #places: Map<string, Location>

  private constructor(db: Varve, places: Map<string, Location>) {
    this.#db = db
    this.#places = places
  }

  static async open(directory: string, { maxFileSize = 128 * MiB }: BlockArchiveOptions = {}): Promise<BlockArchive> {
    const db = await open(directory, { genesisBytes: MAIN_NETWORK, filePrefix: 'blk', maxFileSize, overwrite: true })
    const places = new Map<string, Location>()
    for await (const { location, data } of db.scan()) places.set(hashOf(data), location)
    return new BlockArchive(db, places)
  }

  get length(): number {
    return this.#places.size
  }

  /** Keeps blocks that belong together, such as those of a reorganisation: all of them or none, on stable storage when it resolves. */
  async keep(blocks: readonly Uint8Array[]): Promise<void> {
    const fresh = new Map(
      blocks.map((block) => [hashOf(block), block]).filter(([hash]) => !this.#places.has(hash as string)) as [string, Uint8Array][],
    )
    if (fresh.size === 0) return
    const transaction = this.#db.transaction()
    for (const block of fresh.values()) transaction.add(block)
    const locations = await transaction.commit()
    for (const [n, hash] of [...fresh.keys()].entries()) this.#places.set(hash, locations[n] as Location)
  }

  async block(hash: string): Promise<Uint8Array | undefined> {
    const location = this.#places.get(hash)
    return location && (await this.#db.read(location))
  }

  /** Drops the oldest files, as `prune` does, until the archive is no larger than `bytes`; the last file stays. Gives the hashes of the blocks that are gone. */
  async prune(bytes: number): Promise<string[]> {
    const gone: string[] = []
    for (;;) {
      const { bytes: now, firstIndex, lastIndex } = await this.#db.stats()
      if (now <= bytes || firstIndex === lastIndex) return gone
      await this.#db.dropIndex(firstIndex)
      for (const [hash, { index }] of this.#places) if (index === firstIndex && this.#places.delete(hash)) gone.push(hash)
    }
  }

  async close(): Promise<void> {
    await this.#db.stop()
  }
}
