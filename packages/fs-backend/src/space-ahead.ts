import { fstatSync } from 'node:fs'

const KiB = 1024

// The first durable appends of a file may be its last; what they gain is less than what the zeros cost.
const COMMITS_BEFORE = 3
// Of larger ones the writing is most of the time, and every byte ahead is written twice.
const LARGEST_COMMIT = 128 * KiB
// A commit that brings zeros along takes longer by what it takes to write them: they are to last for many that follow.
const COMMITS_AHEAD = 64
// What may have been taken beyond the sizes that the contract knows would be no use to anyone.
const LARGEST_FILE = 2 ** 32 - 1

/** The zeros behind the appended bytes of one file, taken by one of its handles. Sizes count from the file's beginning. */
export interface TakenSpace {
  /** Where the appended bytes end. */
  end: number
  /** Where the zeros end: the size that the system knows. */
  allocated: number
  /** Something is being written to the file: the size that the system knows may be on its way. */
  underWay: boolean
  /** The handle that took them, and gives them back when it is closed. */
  readonly owner: SpaceOwner
}

export interface SpaceOwner {
  /** Cuts the zeros off at once; where that fails they stay, as they do after a crash. */
  giveSpaceBack(): void
}

/** The space taken ahead in all files of one backend, so that every handle of a file sees where its bytes end. */
export class SpaceAhead {
  /** Bytes taken at once, at most. */
  readonly most: number
  readonly #files = new Map<string, TakenSpace>()

  constructor(most: number) {
    this.most = most
  }

  get isEmpty(): boolean {
    return this.#files.size === 0
  }

  get(file: string): TakenSpace | undefined {
    return this.#files.get(file)
  }

  set(file: string, space: TakenSpace): void {
    this.#files.set(file, space)
  }

  delete(file: string): void {
    this.#files.delete(file)
  }

  /** In all files that nothing is being written to. */
  giveBack(): void {
    for (const { owner, underWay } of [...this.#files.values()]) if (!underWay) owner.giveSpaceBack()
  }
}

/** Which file a descriptor is of, whatever its names. */
export function fileIdentity(fd: number): string {
  const { dev, ino } = fstatSync(fd, { bigint: true })
  return `${dev}:${ino}`
}

/** Tells small appends that are synced one by one from everything else: only they gain by space taken ahead, since then a sync has no size and no blocks of the file to write down. */
export class CommitPattern {
  #commits = 0
  #bytes = 0

  /** How much to take behind an append of `bytes` that ends at `end`. */
  spaceFor(bytes: number, end: number, most: number): number {
    if (this.#commits < COMMITS_BEFORE || bytes > LARGEST_COMMIT) return 0
    return Math.max(0, Math.min(most, COMMITS_AHEAD * bytes, LARGEST_FILE - end))
  }

  noteAppend(bytes: number): void {
    // Two without a sync in between, or a large one, and it is no longer commit after commit.
    if (this.#bytes > 0 || bytes > LARGEST_COMMIT) this.#commits = 0
    this.#bytes += bytes
  }

  noteSync(): void {
    if (this.#bytes > 0 && this.#bytes <= LARGEST_COMMIT) this.#commits++
    this.#bytes = 0
  }

  /** Space can't be had: not before as many commits as it took the first time. */
  noteRefusal(): void {
    this.#commits = 0
  }
}
