import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { readFiles } from '@varve/backend/faults'
import { Varve, type VarveOptions } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { vi } from 'vitest'
import { ManualClock } from '../support/manual-clock.js'

/** What makes a store the same to the last byte each time: its id, its clock, and what is done to it. */
export interface Recipe {
  readonly storeId: string
  readonly options: VarveOptions
  readonly make: (kitchen: Kitchen) => Promise<void>
}

const MINUTE = 60_000
const start = Date.UTC(2025, 0, 1)

export const recipes = {
  /** Plain blocks, a transaction in one file and one over two, a file trimmed within a block, and two sessions. */
  v1: {
    storeId: 'golden store, v1',
    options: { maxFileSize: 640, overwrite: true },
    make: async (kitchen) => {
      const db = await kitchen.open()
      await db.add(text('trimmed away'))
      const second = await db.add(text('the first that is kept'))
      await db.flush()
      kitchen.waitAMinute()
      await db.add(text('a plain item'))
      await db.add(Uint8Array.of(0))
      await db.flush()
      kitchen.waitAMinute()
      // Waits in memory and is laid down in one go with the transaction behind it, whose durable position is before both.
      await db.add(text('waiting'))
      const small = db.transaction()
      small.add(text('small transaction'))
      await small.commit()
      kitchen.waitAMinute()
      const large = db.transaction()
      for (const n of [1, 2, 3, 4]) large.add(text(`large transaction, item ${n} `.padEnd(60, '.')))
      await large.commit()
      kitchen.waitAMinute()
      await db.ltrim(0, second.position)
      await db.stop()
      kitchen.waitAMinute()
      const again = await kitchen.open()
      await again.add(text('in a second session'), { durable: true })
      await again.stop()
    },
  },
  /** What removals leave, a stub and a file trimmed at its end, under the application's own prefix, padding and genesis bytes. */
  'v1-removed': {
    storeId: 'golden, removed ',
    options: { maxFileSize: 512, maxBufferSize: 404, overwrite: true, filePrefix: 'ledger', filePadding: 2, genesisBytes: text('gold') },
    make: async (kitchen) => {
      const db = await kitchen.open()
      for (const n of [0, 1, 2]) {
        await db.add(text(`file ${n}, first `.padEnd(150, '.')))
        const last = await db.add(text(`file ${n}, second `.padEnd(150, '.')))
        await db.flush()
        kitchen.waitAMinute()
        if (n === 2) await db.rtrim(2, last.position)
      }
      await db.dropIndex(1)
      await db.add(text('file 3'))
      await db.stop()
    },
  },
} satisfies Record<string, Recipe>

export type GoldenName = keyof typeof recipes

/** A store made anew by its recipe: its files, by name. */
export async function makeStore({ storeId, options, make }: Recipe): Promise<ReadonlyMap<string, Uint8Array>> {
  const kitchen = new Kitchen(options)
  const random = vi.spyOn(crypto, 'getRandomValues').mockImplementation((bytes) => {
    ;(bytes as Uint8Array).set(text(storeId))
    return bytes
  })
  try {
    await make(kitchen)
  } finally {
    random.mockRestore()
  }
  return readFiles(kitchen.backend)
}

class Kitchen {
  readonly backend = memoryBackend()
  readonly #options: VarveOptions
  readonly #clock = new ManualClock()

  constructor(options: VarveOptions) {
    this.#options = options
    this.#clock.jumpTo(start)
  }

  async open(): Promise<Varve> {
    const db = new Varve(this.backend, this.#options, this.#clock)
    await db.start()
    return db
  }

  waitAMinute(): void {
    this.#clock.jumpTo(this.#clock.now() + MINUTE)
  }
}

/** The files of a golden store as they are kept in the repository. */
export async function keptStore(name: GoldenName): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const file of (await readdir(directoryOf(name))).sort()) {
    files.set(file, Uint8Array.from(await readFile(new URL(file, directoryOf(name)))))
  }
  return files
}

/** Keeps a golden store that is new. One that is kept already is left alone: a format that was published does not change. */
export async function keepStore(name: GoldenName): Promise<void> {
  const files = await makeStore(recipes[name])
  if ((await mkdir(directoryOf(name), { recursive: true })) === undefined) return
  for (const [file, bytes] of files) await writeFile(new URL(file, directoryOf(name)), bytes, { flag: 'wx' })
}

function directoryOf(name: GoldenName): URL {
  return new URL(`./${name}/`, import.meta.url)
}

function text(letters: string): Uint8Array {
  return new TextEncoder().encode(letters)
}
