import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { formatLocation, type Location, type Varve, VarveError } from '@varve/core'
import { type Context, noMoreOutput } from '../context.js'
import { CommandError, ExitCode } from '../exit-code.js'
import { Results } from '../terminal/results.js'
import { tellError } from '../terminal/tell-error.js'

export interface Range {
  readonly start: number
  /** Not included; undefined for the item's end. */
  readonly end: number | undefined
}

export interface ReadRequest {
  /** A directory to write each item to, as a file. */
  readonly out?: string | undefined
  readonly range?: Range | undefined
  readonly json: boolean
  readonly debug: boolean
}

// Larger items are not held in memory.
const MOST_IN_MEMORY = 16 * 1024 * 1024

/** Prints the items at these locations, or writes each to a file. Those that can't be read are told, and the first of them is the error at the end. */
export async function readItems(
  store: Varve,
  locations: AsyncIterable<Location>,
  { out, range, json, debug }: ReadRequest,
  context: Context,
): Promise<void> {
  const results = new Results(context)
  const signal = noMoreOutput(context)
  let failure: { readonly error: unknown } | undefined
  if (out !== undefined) await mkdir(out, { recursive: true })
  for await (const location of locations) {
    signal.throwIfAborted()
    const text = formatLocation(location)
    try {
      if (out !== undefined) {
        const path = await toFile(await piecesOf(store, location, range, signal), join(out, text.replaceAll(':', '-')))
        await (json ? results.json({ location: text, size: location.size, path }) : results.write(`${text}  ${path}\n`))
      } else if (json) {
        const data = Buffer.concat(await collect(await piecesOf(store, location, range, signal)))
        await results.json({ location: text, size: location.size, data: data.toString('base64') })
      } else for await (const piece of await piecesOf(store, location, range, signal)) await results.write(piece)
    } catch (error) {
      if (!isAboutItem(error)) throw error
      if (failure) tellError(failure.error, { err: context.err, debug, interrupted: context.signal })
      failure = { error }
    }
    await results.flush()
  }
  if (failure) throw failure.error
}

/** The item's bytes. Whole ones that fit memory are checked before the first byte is given, others at their end. */
async function piecesOf(
  store: Varve,
  location: Location,
  range: Range | undefined,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> {
  const data =
    range || location.size > MOST_IN_MEMORY
      ? await store.readStream(location, { signal, ...(range && clipped(range, location)) })
      : await store.read(location, { signal })
  if (data === undefined) throw new CommandError(ExitCode.notFound, `nothing is stored at ${formatLocation(location)}`)
  return data instanceof Uint8Array ? [data] : data
}

function clipped({ start, end }: Range, location: Location): { start: number; end: number } {
  if (start > location.size)
    throw new CommandError(ExitCode.notFound, `the item at ${formatLocation(location)} has no byte ${start}: it ends before`)
  return { start, end: Math.min(end ?? location.size, location.size) }
}

/** Its name appears when it is whole. */
async function toFile(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, path: string): Promise<string> {
  const begun = `${path}.part`
  try {
    await pipeline(pieces, createWriteStream(begun))
    await rename(begun, path)
    return path
  } catch (error) {
    await rm(begun, { force: true })
    throw error
  }
}

async function collect(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array[]> {
  const collected: Uint8Array[] = []
  for await (const piece of pieces) collected.push(piece)
  return collected
}

function isAboutItem(error: unknown): boolean {
  if (error instanceof CommandError) return error.exitCode === ExitCode.notFound
  return VarveError.is(error) && (error.code === 'CORRUPT' || error.code === 'INVALID_LOCATION')
}
