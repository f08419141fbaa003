import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseLocation, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { describe, expect, it } from 'vitest'
import { ExitCode, exitCodeOf } from '../../src/exit-code.js'
import { type RoundtripOptions, type RoundtripReport, roundtrip } from '../../src/roundtrip/roundtrip.js'
import { CapturedOutput } from '../captured-output.js'
import { manyFiles, sampleTree, temporaryDirectory } from '../sample-tree.js'

function run(options: Partial<RoundtripOptions> & { directory: string }, signal = new AbortController().signal): Promise<RoundtripReport> {
  return roundtrip({ keep: false, ...options }, { out: new CapturedOutput(), err: new CapturedOutput(), signal })
}

/** Runs what is expected to fail, and returns the error. */
async function failure(run: Promise<unknown>): Promise<Error> {
  return run.then(
    () => expect.fail('it succeeded'),
    (error: Error) => error,
  )
}

describe('a round trip', () => {
  it('takes every file there and back', async () => {
    const content = manyFiles(250)
    const report = await run({ directory: await sampleTree(content) })
    const bytes = Object.values(content).reduce((sum, { length }) => sum + length, 0)
    expect(report).toMatchObject({ items: 250, bytes, added: { items: 150 }, committed: { items: 100 }, readBack: { items: 250, bytes } })
    expect(report.skipped).toEqual({ symbolicLinks: 1, special: 0, empty: 1, tooLarge: 0, unreadable: 0 })
    expect(report.storeBytes).toBeGreaterThan(bytes)
    expect(report.syncs).toBeGreaterThan(0)
    expect(report.examples).toHaveLength(5)
  })

  it('leaves a store in which the files are found by the locations it told', async () => {
    const directory = await sampleTree(manyFiles(20))
    const store = join(await temporaryDirectory(), 'store')
    const report = await run({ directory, store })
    expect(report.store).toBe(store)
    await using db = await Varve.open(fsBackend(store), { create: false })
    for (const { location, path } of report.examples) {
      const data = await db.read(parseLocation(location))
      expect(Buffer.from(data!)).toEqual(await readFile(path))
    }
  })

  it('adds to a store that is there, and does not take its files for input', async () => {
    const directory = await sampleTree(manyFiles(20))
    const store = join(directory, 'store')
    await run({ directory, store })
    const second = await run({ directory, store })
    expect(second.items).toBe(20)
  })

  it('removes a temporary store', async () => {
    let path = ''
    const directory = await sampleTree(manyFiles(3))
    const report = await run({
      directory,
      createStore: (temporary) => {
        path = temporary
        return new Varve(fsBackend(temporary))
      },
    })
    expect(report.store).toBeUndefined()
    await expect(readdir(path)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('a round trip fails', () => {
  it('where an item comes back changed, and names it', async () => {
    const directory = await sampleTree({ a: 'first', b: 'second' })
    const error = await failure(run({ directory, createStore: (path) => new ForgetfulStore(path, (data) => data.fill(0)) }))
    expect(error.message).toMatch(/^the item at \d+:\d+:5, added from .*a, came back changed: SHA-256 is \w{64}, was \w{64}$/)
    expect(exitCodeOf(error)).toBe(ExitCode.failed)
  })

  it('where an item is not there any more', async () => {
    const directory = await sampleTree({ a: 'first' })
    const error = await failure(run({ directory, createStore: (path) => new ForgetfulStore(path, () => undefined) }))
    expect(error.message).toMatch(/^the item at \d+:\d+:5, added from .*a, is not in the store any more$/)
    expect(exitCodeOf(error)).toBe(ExitCode.failed)
  })

  it('as damage where the bytes on disk have changed', async () => {
    const directory = await sampleTree({ a: 'x'.repeat(10_000) })
    const store = join(await temporaryDirectory(), 'store')
    const error = await failure(run({ directory, store, createStore: (path) => new StoreOnRottingDisk(path) }))
    expect(exitCodeOf(error)).toBe(ExitCode.damage)
  })

  it('where there is nothing to add', async () => {
    const error = await failure(run({ directory: await sampleTree({}) }))
    expect(error.message).toMatch(/holds no file to add$/)
    expect(exitCodeOf(error)).toBe(ExitCode.failed)
  })

  it('where the directory is not there, or is none', async () => {
    const directory = await sampleTree({ file: 'x' })
    expect(exitCodeOf(await failure(run({ directory: join(directory, 'nowhere') })))).toBe(ExitCode.notFound)
    expect(exitCodeOf(await failure(run({ directory: join(directory, 'file') })))).toBe(ExitCode.usage)
  })

  it('when it is interrupted, and leaves a store that opens', async () => {
    const directory = await sampleTree(manyFiles(200))
    const store = join(await temporaryDirectory(), 'store')
    const interruption = new AbortController()
    const createStore = (path: string) => {
      const db = new Varve(fsBackend(path))
      db.on('start', () => interruption.abort(new Error('interrupted')))
      return db
    }
    const error = await failure(run({ directory, store, createStore }, interruption.signal))
    expect(error.message).toBe('interrupted')
    await using db = await Varve.open(fsBackend(store), { create: false })
    expect(db.state).toBe('running')
  })
})

/** Gives back something else than it was given. */
class ForgetfulStore extends Varve {
  readonly #change: (data: Uint8Array) => Uint8Array | undefined

  constructor(path: string, change: (data: Uint8Array) => Uint8Array | undefined) {
    super(fsBackend(path))
    this.#change = change
  }

  override async readMany(...args: Parameters<Varve['readMany']>): Promise<(Uint8Array | undefined)[]> {
    const found = await super.readMany(...args)
    return found.map((data) => data && this.#change(data))
  }
}

/** A byte in the middle of its first data file changes when it stops. */
class StoreOnRottingDisk extends Varve {
  readonly #path: string

  constructor(path: string) {
    super(fsBackend(path))
    this.#path = path
  }

  override async stop(): Promise<void> {
    await super.stop()
    const [name] = (await readdir(this.#path)).filter((file) => file.startsWith('data'))
    const bytes = await readFile(join(this.#path, name!))
    bytes[5000]! ^= 1
    await writeFile(join(this.#path, name!), bytes)
  }
}
