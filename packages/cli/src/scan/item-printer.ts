import type { ScannedItem } from '@varve/core'
import { createTarPacker } from 'modern-tar'
import type { Results } from '../terminal/results.js'
import { itemFileName, itemValueWithData, listLine } from './item-line.js'

/** Prints items in one of the formats. */
export interface ItemPrinter {
  print(item: ScannedItem): Promise<void>
  /** Prints what stands behind the last item. */
  end(): Promise<void>
}

export type Format = 'raw' | 'jsonl' | 'hex' | 'tar' | 'list'

export interface PrinterOptions {
  readonly format: Format
  /** What follows each item where they are printed raw. */
  readonly terminator?: Uint8Array | undefined
}

export function itemPrinter(results: Results, { format, terminator }: PrinterOptions): ItemPrinter {
  switch (format) {
    case 'raw':
      return each(async ({ data }) => {
        await results.write(data)
        if (terminator) await results.write(terminator)
      })
    case 'jsonl':
      return each((item) => results.json(itemValueWithData(item)))
    case 'hex':
      return each(({ location: { index, position, size }, data }) =>
        results.write(`${index}:${position}:${size} ${Buffer.from(data).toString('hex')}\n`),
      )
    case 'list':
      return each((item) => results.write(`${listLine(item)}\n`))
    case 'tar':
      return new TarPrinter(results)
  }
}

function each(print: (item: ScannedItem) => Promise<void>): ItemPrinter {
  return { print, end: async () => {} }
}

/** Each item a file of an archive, named after its sequence, with the time at which it was stored. */
class TarPrinter implements ItemPrinter {
  readonly #packer = createTarPacker()
  readonly #written: Promise<void>

  constructor(results: Results) {
    this.#written = this.#write(results)
    this.#written.catch(() => undefined)
  }

  async print({ sequence, timestamp, data }: ScannedItem): Promise<void> {
    const entry = this.#packer.controller.add({
      name: itemFileName(sequence),
      size: data.length,
      mtime: new Date(timestamp),
      mode: 0o644,
      type: 'file',
    })
    const writer = entry.getWriter()
    try {
      await writer.write(data)
      await writer.close()
    } catch (error) {
      // It says why nothing is written any more.
      await this.#written
      throw error
    }
  }

  async end(): Promise<void> {
    this.#packer.controller.finalize()
    await this.#written
  }

  async #write(results: Results): Promise<void> {
    for await (const piece of this.#packer.readable) await results.write(piece)
  }
}
