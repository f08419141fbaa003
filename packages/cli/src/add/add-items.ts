import { formatLocation, type Location, type Varve, VarveError } from '@varve/core'
import { CommandError, ExitCode } from '../exit-code.js'
import type { NewItem } from './item-source.js'

/** An item that is on stable storage. */
export interface AddedItem {
  readonly location: Location
  readonly source: string
  readonly number?: number
}

export interface AddOptions {
  /** Called with each item, in order, once it is durable. */
  readonly onDurable: (item: AddedItem) => Promise<void>
  /** Called with the length of each item as it is accepted. */
  readonly onAccepted?: (bytes: number) => void
}

// What may be on its way to the disk at a time, beside what the store itself bounds.
const MOST_ITEMS = 4096
const MOST_BYTES = 16 * 1024 * 1024

/**
 * Adds items, and tells of each once it is durable; many share a sync. `read` gives the items, and stops where its signal is aborted: when something
 * can't be stored. Nothing behind an item that is refused is added. Where the items end by an error, those before it are stored and told all the same.
 */
export async function addItems(
  store: Varve,
  read: (signal: AbortSignal) => AsyncIterable<NewItem>,
  { onDurable, onAccepted }: AddOptions,
): Promise<void> {
  const failed = new AbortController()
  let told: Promise<void> = Promise.resolve()
  let waiting = 0
  let waitingBytes = 0
  const tellWhenDurable = (location: Location, { source, number }: NewItem): void => {
    waiting++
    waitingBytes += location.size
    const durable = store.flush()
    durable.catch((error: unknown) => failed.abort(explained(error, source, number)))
    told = Promise.all([told, durable]).then(() => {
      waiting--
      waitingBytes -= location.size
      return onDurable({ location, source, ...(number !== undefined && { number }) })
    })
    told.catch((error: unknown) => failed.abort(error))
  }
  try {
    for await (const item of read(failed.signal)) {
      const location = await store.add(item.data).catch((error: unknown) => {
        throw explained(error, item.source, item.number)
      })
      onAccepted?.(location.size)
      tellWhenDurable(location, item)
      if (waiting >= MOST_ITEMS || waitingBytes >= MOST_BYTES) await told
    }
  } catch (error) {
    await told.catch(() => undefined)
    failed.signal.throwIfAborted()
    throw error
  }
  await told.catch(() => undefined)
  failed.signal.throwIfAborted()
}

/** Adds items all or none, and tells of them once they are durable. */
export async function addTogether(store: Varve, items: AsyncIterable<NewItem>, { onDurable, onAccepted }: AddOptions): Promise<void> {
  const transaction = store.transaction()
  const staged: Omit<NewItem, 'data'>[] = []
  for await (const { data, source, number } of items) {
    try {
      transaction.add(data)
    } catch (error) {
      throw explained(error, source, number)
    }
    staged.push({ source, ...(number !== undefined && { number }) })
    onAccepted?.(data.length)
  }
  if (staged.length === 0) throw new CommandError(ExitCode.failed, 'there is nothing to add')
  const locations = await transaction.commit()
  for (const [n, item] of staged.entries()) await onDurable({ ...item, location: locations[n] as Location })
}

/** Says which item it was where the error is about one. */
function explained(error: unknown, source: string, number: number | undefined): unknown {
  if (!VarveError.is(error)) return error
  const item = `${source === '-' ? 'standard input' : source}${number === undefined ? '' : `, item ${number}`}`
  if (error.pending) {
    const why = error.cause instanceof Error ? error.cause.message : error.message
    const advice = error.code === 'NO_SPACE' ? 'make room, and add it again with all that follows' : 'what was printed before it is stored'
    return new CommandError(ExitCode.failed, `${item} can't be stored: ${why}; ${advice}`, { cause: error })
  }
  switch (error.code) {
    case 'EMPTY_ITEM':
      return new CommandError(ExitCode.failed, `${item} is empty, and an item has at least one byte`, { cause: error })
    case 'ITEM_TOO_LARGE':
      return new CommandError(ExitCode.failed, `${item} is larger than a data file; give --max-file-size (${error.message})`, {
        cause: error,
      })
    case 'TRANSACTION_TOO_LARGE':
      return new CommandError(ExitCode.failed, `${item} is too much for one transaction; give --max-transaction-size`, { cause: error })
    default:
      return error
  }
}

export function describeAdded({ location, source, number }: AddedItem): string {
  if (number !== undefined || source === '-') return formatLocation(location)
  return `${formatLocation(location)}  ${source}`
}
