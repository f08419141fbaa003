import type { BackendFile, FileBackend } from '@varve/backend'
import { VarveError } from '../errors.js'
import { FILE_HEADER_BYTES } from '../format/file-header.js'
import type { FileNaming } from '../format/file-name.js'
import { MiB } from '../options.js'
import { type OpenFile, sameBytes } from '../read/open-file.js'
import { readBytes } from '../read/read-bytes.js'
import { writeReplacement } from './rewrite-file.js'

/** A stretch of a file, in bytes from its beginning. */
export interface Stretch {
  readonly offset: number
  readonly length: number
}

/** One of which a copy is to be kept, and the name that it gets. */
export interface Extent extends Stretch {
  readonly name: string
  /** Whether an earlier repair, which was interrupted, has kept it already. */
  readonly isSaved: boolean
}

// Beyond so many in one file they are saved as one, with what lies between.
const MOST_EXTENTS = 64
const MOST_OF_A_NAME = 9999

/** Gives out names for what a repair sets aside. */
export class QuarantineNames {
  readonly #backend: FileBackend
  readonly #naming: FileNaming
  /** Names that are there from earlier repairs, or from this one when it was interrupted. */
  readonly #earlier: ReadonlySet<string>
  readonly #given = new Set<string>()

  constructor(backend: FileBackend, naming: FileNaming, earlier: Iterable<string>) {
    this.#backend = backend
    this.#naming = naming
    this.#earlier = new Set(earlier)
  }

  /** A name that is not taken. */
  next(index: number, position: number): string {
    for (const name of this.#candidates(index, position)) {
      if (this.#earlier.has(name)) continue
      this.#given.add(name)
      return name
    }
    throw this.#noneLeft(index, position)
  }

  /** The same for a copy of a stretch of a file; where an earlier repair has made that very copy, its name. */
  async nextFor(index: number, position: number, file: BackendFile, stretch: Stretch): Promise<Extent> {
    for (const name of this.#candidates(index, position)) {
      const isSaved = this.#earlier.has(name)
      if (isSaved && !(await isSavedAs(this.#backend, name, file, stretch))) continue
      this.#given.add(name)
      return { ...stretch, name, isSaved }
    }
    throw this.#noneLeft(index, position)
  }

  *#candidates(index: number, position: number): Generator<string> {
    for (let n = 1; n <= MOST_OF_A_NAME; n++) {
      const name = this.#naming.quarantine(index, position, n)
      if (!this.#given.has(name)) yield name
    }
  }

  #noneLeft(index: number, position: number): VarveError {
    return new VarveError(
      'FULL',
      `repair: there are ${MOST_OF_A_NAME} files named ${this.#naming.quarantine(index, position)}; put them away`,
    )
  }
}

/** What of a file of `size` bytes is to be kept before any of these stretches is changed: those that overlap as one. */
export async function extentsOf(open: OpenFile, stretches: readonly Stretch[], size: number, names: QuarantineNames): Promise<Extent[]> {
  const found: { readonly offset: number; end: number }[] = []
  for (const { offset, length } of [...stretches].sort((a, b) => a.offset - b.offset)) {
    const end = Math.min(offset + length, size)
    const last = found[found.length - 1]
    if (last && offset < last.end) last.end = Math.max(last.end, end)
    else if (end > offset) found.push({ offset, end })
  }
  const [first] = found
  const all = first && found.length > MOST_EXTENTS ? [{ ...first, end: Math.max(...found.map(({ end }) => end)) }] : found
  const extents: Extent[] = []
  for (const { offset, end } of all) {
    const position = offset < FILE_HEADER_BYTES ? 0 : open.logical(offset)
    extents.push(await names.nextFor(open.index, position, open.file, { offset, length: end - offset }))
  }
  return extents
}

/** Keeps a copy of a stretch of a file. It is durable, and whole, when it has its name. */
export async function saveExtent(backend: FileBackend, temporary: string, file: BackendFile, extent: Extent): Promise<void> {
  if (extent.isSaved) return
  await writeReplacement(backend, temporary, bytesOfStretch(file, extent))
  await backend.replace(temporary, extent.name)
}

async function* bytesOfStretch(file: BackendFile, { offset, length }: Stretch): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(MiB, length))
  for (let at = offset; at < offset + length; ) {
    const read = await readBytes(file, buffer.subarray(0, Math.min(buffer.length, offset + length - at)), at)
    if (read === 0) return
    yield buffer.subarray(0, read)
    at += read
  }
}

async function isSavedAs(backend: FileBackend, name: string, file: BackendFile, { offset, length }: Stretch): Promise<boolean> {
  const saved = await backend.open(name)
  try {
    if ((await saved.size()) !== length) return false
    const [a, b] = [new Uint8Array(Math.min(MiB, length)), new Uint8Array(Math.min(MiB, length))]
    for (let at = 0; at < length; at += a.length) {
      const most = Math.min(a.length, length - at)
      const kept = a.subarray(0, await readBytes(saved, a.subarray(0, most), at))
      if (!sameBytes(kept, b.subarray(0, await readBytes(file, b.subarray(0, most), offset + at)))) return false
    }
    return true
  } finally {
    await saved.close()
  }
}
