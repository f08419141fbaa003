import { BackendError, type BackendFile } from '@varve/backend'
import type { Container } from './container.js'
import type { PartList } from './part-list.js'
import type { Parts } from './parts.js'

// One request carries no more, so that its time limit can be short of an outage's.
const MAX_PART = 64 * 1024 * 1024
const TRIES = 8
// So many looks in a row may find nothing new before they are spaced out.
const FREE_LOOKS = 8
const FIRST_PAUSE = 20

/** An open file. Its bytes are durable as soon as they are appended. */
export class S3File implements BackendFile {
  readonly #container: Container
  readonly #parts: Parts
  /** Backend and name, for messages. */
  readonly #where: string
  readonly #underWay = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined
  #wake = (): void => {}

  constructor(container: Container, parts: Parts, name: string) {
    this.#container = container
    this.#parts = parts
    this.#where = `${container.description}: ${name}`
  }

  size(): Promise<number> {
    return this.#run('size', async (what) => {
      if (this.#parts.mayHaveChanged) await this.#look(what)
      return this.#parts.end
    })
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#run('read', async (what) => {
      if (!(Number.isSafeInteger(position) && position >= 0))
        throw new BackendError('IO', `${what}: ${position} is not a position in a file`)
      if (target.length === 0) return 0
      let missing = ''
      for (let tries = 0; tries < TRIES; tries++) {
        const isBehind = position + target.length > this.#parts.end && this.#parts.mayHaveChanged
        if (isBehind || !this.#parts.isKnown) await this.#look(what)
        const length = Math.min(target.length, this.#parts.end - position)
        if (length <= 0) return 0
        const before = this.#parts.runs
        missing = await this.#fill(target.subarray(0, length), position)
        if (!missing) return length
        // It was merged with others, or cut, and deleted: the manifest says where the bytes are now.
        await this.#container.chain.refresh()
        await this.#parts.look(what)
        if (this.#parts.runs === before) break
      }
      throw new BackendError('IO', `${what}: the object ${missing} is missing`)
    })
  }

  append(chunks: readonly Uint8Array[], position: number): Promise<void> {
    return this.#run('append', async (what) => {
      const run = await this.#parts.extendable(position, what)
      const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
      const bytes = joined(chunks, total)
      for (let at = 0; at < total; at += MAX_PART) await this.#put(run, position + at, bytes.subarray(at, at + MAX_PART), what)
    })
  }

  truncate(size: number): Promise<void> {
    return this.#run('truncate', (what) => this.#parts.cut(size, what))
  }

  /** What was put is durable already, whoever put it, and a cut is one with the manifest. */
  sync(): Promise<void> {
    return this.#run('sync', async () => {})
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#wake()
    await Promise.allSettled(this.#underWay)
    this.#container.leave(this.#parts)
  }

  async #put(run: PartList, at: number, body: Uint8Array, what: string): Promise<void> {
    const { store, keys, reader, maintenance } = this.#container
    const key = keys.part(run.path, at)
    const token = this.#container.unique()
    try {
      // A put that was taken for failed may have come through, and be what is found there.
      const isOurs = (await store.putNew(key, body, token)) || (await store.tokenOf(key)) === token
      if (!isOurs) throw this.#container.fenced(what)
    } catch (error) {
      this.#parts.doubt()
      throw error
    }
    run.push(at, body.length)
    reader.keep(key, body)
    maintenance.appended(this.#parts, body.length)
  }

  /** Fills the target from the objects; where one is missing, its name. */
  async #fill(target: Uint8Array, position: number): Promise<string> {
    let filled = 0
    const fetches: Promise<string>[] = []
    for (const slice of this.#parts.slices(position, position + target.length)) {
      if (slice.from !== position + filled) break
      const part = target.subarray(filled, filled + slice.to - slice.from)
      filled += part.length
      const fetched = this.#container.reader.read(slice).then((bytes) => {
        if (bytes) part.set(bytes)
        return bytes ? '' : slice.key
      })
      fetches.push(fetched)
    }
    const missing = (await all(fetches)).find(Boolean) ?? ''
    return missing || (filled < target.length ? `at position ${position + filled}` : '')
  }

  /** A reader that asks again and again pays for every look, so those that show nothing new are spaced out. */
  async #look(what: string): Promise<void> {
    const parts = this.#parts
    const idle = parts.idleLooks - FREE_LOOKS
    if (idle >= 0 && !this.#container.isSoleWriter)
      await this.#pause(Math.min(this.#container.options.idleInterval, FIRST_PAUSE * 2 ** idle))
    const { runs, end } = parts
    await parts.look(what)
    parts.idleLooks = parts.runs.length === runs.length && parts.end === end ? parts.idleLooks + 1 : 0
  }

  async #pause(milliseconds: number): Promise<void> {
    if (this.#closing) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #run<T>(operation: string, action: (what: string) => Promise<T>): Promise<T> {
    const what = `${this.#where}: ${operation}`
    if (this.#closing) return Promise.reject(new BackendError('IO', `${what}: the file is closed`))
    const running = action(what).catch((error: unknown) => {
      throw BackendError.is(error) ? error : new BackendError('IO', `${what}: ${String(error)}`, { cause: error })
    })
    this.#underWay.add(running)
    const done = (): void => void this.#underWay.delete(running)
    running.then(done, done)
    return running
  }
}

// Unlike Promise.all it waits for all of them, so that nothing touches the target afterwards.
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}

function joined(chunks: readonly Uint8Array[], total: number): Uint8Array {
  const bytes = new Uint8Array(total)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
