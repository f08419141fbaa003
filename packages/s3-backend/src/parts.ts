import { BackendError } from '@varve/backend'
import type { Container } from './container.js'
import { cutRuns, type FileEntry, fileOf, type NamedEntry, type Run, sameRuns, withFile, withTrash } from './manifest.js'
import { listParts, PartList } from './part-list.js'

/** A stretch of a file within one object: bytes `from` to before `to` of the file, in the object that begins at `start` and ends at `end`. */
export interface Slice {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly from: number
  readonly to: number
}

const LOOKS = 16

/** What objects a file is made of: what the manifest says of its runs, and the objects in them. Shared by all handles of the file. */
export class Parts {
  readonly id: string
  users = 0
  /** This session made it, and has laid down nothing in it yet. */
  isFresh = false
  /** Small objects that were appended since the last merge. */
  small = 0
  /** Looks one after the other that showed nothing new. */
  idleLooks = 0
  readonly #container: Container
  readonly #listed = new Map<string, PartList>()
  /** By path, the objects that this session has put itself: these need no look. */
  readonly #authored = new Map<string, PartList>()
  #entry: FileEntry | undefined
  #own: PartList | undefined
  /** An append failed: whether its object is there, or comes still, nobody knows. */
  #isUncertain = false
  #looking: Promise<void> | undefined
  #nextLook: Promise<void> | undefined

  constructor(container: Container, id: string) {
    this.#container = container
    this.id = id
  }

  /** Whether this session extends the file: then it is the one that knows where the file ends. */
  get isExtending(): boolean {
    return this.#own !== undefined
  }

  /** The run that this session extends, where its end is known for certain. */
  get ownRun(): { readonly path: string; readonly end: number } | undefined {
    return this.#own && !this.#isUncertain ? { path: this.#own.path, end: this.#own.end } : undefined
  }

  /** Whether anything is known yet. */
  get isKnown(): boolean {
    return this.#entry !== undefined
  }

  get runs(): readonly Run[] {
    return this.#entry?.runs ?? []
  }

  /** Where the file ends, as far as is known. */
  get end(): number {
    const last = this.runs[this.runs.length - 1]
    return last ? (last.end ?? this.#listOf(last)?.end ?? last.start) : 0
  }

  /** Takes note of a run that this session opened when it made the file. */
  own(path: string, start: number): void {
    this.#own = new PartList(path, start)
    this.#authored.set(path, this.#own)
    this.#isUncertain = false
    this.#entry = fileOf(this.#container.chain.current, this.id)?.entry
  }

  /** Takes note of an object that this session has put beside the run it extends. */
  author(path: string, start: number, size: number): void {
    const list = this.#authored.get(path) ?? new PartList(path, start)
    this.#authored.set(path, list)
    list.push(start, size)
  }

  /** Sees where the file ends and of what it is made. `IO` where it was removed. */
  look(what: string): Promise<void> {
    // One at a time, and whoever comes meanwhile shares the next: what was changed before it was asked for, it shows.
    if (!this.#looking && !this.#nextLook) return this.#beginLook(what)
    this.#nextLook ??= (this.#looking ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        this.#nextLook = undefined
        return this.#beginLook(what)
      })
    return this.#nextLook
  }

  #beginLook(what: string): Promise<void> {
    const looking = this.#look(what).finally(() => {
      if (this.#looking === looking) this.#looking = undefined
    })
    this.#looking = looking
    return looking
  }

  async #look(what: string): Promise<void> {
    const { chain, keys, store } = this.#container
    if (!this.isKnown) await this.#container.refresh()
    for (let looks = 0; looks < LOOKS; looks++) {
      const entry = this.#present(what)
      // Another session may have ended this one's run.
      const last = entry.runs[entry.runs.length - 1]
      if (this.#own && (last?.path !== this.#own.path || last.end !== undefined)) this.#own = undefined
      for (const run of entry.runs) {
        const list = this.#listOf(run)
        if (!list) this.#listed.set(place(run), await listParts(store, keys, run))
        else if (run.end === undefined && (list !== this.#own || this.#isUncertain)) await list.extend(store, keys)
      }
      // Only now: a read that comes meanwhile must not take the file for known while its parts are not.
      this.#entry = entry
      for (const known of this.#listed.keys()) if (!entry.runs.some((run) => place(run) === known)) this.#listed.delete(known)
      if (this.#container.isSoleWriter) return
      // What was merged meanwhile is deleted only when a newer manifest is there: without one, all was seen.
      await chain.refresh()
      if (sameRuns(this.#present(what).runs, entry.runs)) return
      this.#listed.clear()
    }
    throw new BackendError('IO', `${what}: its parts change faster than they can be listed`)
  }

  /** Takes in what this session itself changed. */
  follow(): void {
    this.#entry = fileOf(this.#container.chain.current, this.id)?.entry ?? this.#entry
  }

  /** Knows nothing any more: others may have changed the file. */
  forget(): void {
    this.#entry = undefined
    this.#own = undefined
    this.#isUncertain = false
    this.#listed.clear()
    this.#authored.clear()
  }

  /** Whether a look may show more than is known. */
  get mayHaveChanged(): boolean {
    return !this.isKnown || this.#isUncertain || !this.#container.isSoleWriter
  }

  /** What holds the bytes from `start` to before `end`; less where an object is missing. */
  *slices(start: number, end: number): Generator<Slice> {
    const { keys } = this.#container
    for (const run of this.runs) {
      const list = this.#listOf(run)
      const from = Math.max(start, run.start)
      const to = Math.min(end, run.end ?? list?.end ?? run.start)
      if (!list || from >= to) continue
      for (const object of list.between(from, to)) {
        yield { key: keys.part(run.path, object.start), ...object, from: Math.max(from, object.start), to: Math.min(to, object.end) }
      }
    }
  }

  /**
   * The run that the next bytes at `position` go to: the one that this session extends, or a new one. `CONFLICT` where the file does not end there.
   */
  async extendable(position: number, what: string): Promise<PartList> {
    if (this.mayHaveChanged) await this.look(what)
    this.#assertEnd(position, what)
    if (!this.#own || this.#isUncertain) await this.#openRun(position, what)
    return this.#own as PartList
  }

  /** An object that could not be put may be there all the same. */
  doubt(): void {
    this.#isUncertain = true
  }

  /** Cuts the file. What is cut never comes back: what comes next goes to another run. */
  async cut(size: number, what: string): Promise<void> {
    if (this.mayHaveChanged) await this.look(what)
    const isSize = Number.isSafeInteger(size) && size >= 0 && size <= this.end
    if (!isSize) throw new BackendError('CONFLICT', `${what}: cut to ${size}, where the file ends at ${this.end}`)
    if (size < this.end || this.#isUncertain) await this.#openRun(size, what)
  }

  #assertEnd(position: number, what: string): void {
    if (position !== this.end) throw new BackendError('CONFLICT', `${what} at ${position}, where the file ends at ${this.end}`)
  }

  /** Ends what is there at `start`, and begins a run of this session's own. */
  async #openRun(start: number, what: string): Promise<void> {
    const { session } = this.#container
    const last = this.runs[this.runs.length - 1]
    const seen = this.runs
    const isSole = this.#container.isSoleWriter
    const isCut = this.#isUncertain || start < this.end
    if (last && last.end === undefined && last.writer !== session) {
      const end = await this.#container.fence(last, what)
      if (end !== this.end) throw this.#container.fenced(what)
    }
    const { name } = this.#found(what)
    const path = `${name}/${this.#container.unique()}`
    await this.#container.update(what, (current) => {
      const found = fileOf(current, this.id)
      if (!found) throw removed(what)
      const { runs } = found.entry
      // The sole writer's own merges may have come between.
      if (!isSole && !sameRuns(runs, seen)) throw this.#container.fenced(what)
      const entry: FileEntry = { ...found.entry, runs: [...cutRuns(runs, start), { path, start, writer: session }], loose: true }
      return withTrash(withFile(current, found.name, entry), isCut ? runs.filter(({ end = start + 1 }) => end > start) : [])
    })
    this.own(path, start)
  }

  #listOf(run: Run): PartList | undefined {
    return this.#authored.get(run.path) ?? this.#listed.get(place(run))
  }

  #present(what: string): FileEntry {
    return this.#found(what).entry
  }

  #found(what: string): NamedEntry {
    const found = fileOf(this.#container.chain.current, this.id)
    if (!found) throw removed(what)
    return found
  }
}

function removed(what: string): BackendError {
  return new BackendError('IO', `${what}: the file was removed, or another took its place`)
}

function place({ path, start }: Run): string {
  return `${path}@${start}`
}
