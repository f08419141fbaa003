import { storeFailure } from '../errors.js'
import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import type { Block } from '../write/block.js'
import { decodeRecords } from './decode-records.js'
import { type Batch, FileScanner, type ScanStep } from './file-scanner.js'
import { findStart } from './find-start.js'
import { refuseGap } from './missing-file.js'
import { refuseBreak, refuseDamage, refuseEnd } from './refuse-damage.js'
import type { ScanBounds } from './scan-bounds.js'
import type { ScannedItem, ScanOptions } from './scan-options.js'
import type { Place, ScanSource } from './scan-source.js'

/** The items within the bounds, in order of adding, a batch at a time. */
export async function* scanForward(
  source: ScanSource,
  bounds: ScanBounds,
  options: ScanOptions,
  withData: boolean,
): AsyncGenerator<Batch, void, void> {
  const progress = { idleLooks: 0 }
  try {
    yield* batches(source, bounds, options, withData, progress)
  } catch (error) {
    // A follower that looks and looks ends where the store is stopped, also in the middle of a look.
    if (progress.idleLooks === 0 || !source.isBesideWriter || !source.isStopped) throw error
  }
}

interface Progress {
  /** How often a follower has looked for more since it had given all that was there; 0 where it has not yet. */
  idleLooks: number
}

async function* batches(
  source: ScanSource,
  bounds: ScanBounds,
  options: ScanOptions,
  withData: boolean,
  progress: Progress,
): AsyncGenerator<Batch, void, void> {
  const { follow = false, buffered = false } = options
  const scannerFor = (index: number): FileScanner =>
    new FileScanner(index, { files: source.files, bounds, withData, isUnproven: () => source.isBesideWriter })
  const scannerOfFile = async (index: number): Promise<FileScanner> => {
    // Beside a writer, a handle from before may be of a file that has been trimmed or dropped since.
    if (source.isBesideWriter) await source.files.forget(index)
    return scannerFor(index)
  }
  const fixedEnd = follow ? undefined : endOf(source, buffered)
  let scanner = await scannerOfFile(await findStart(source, bounds))
  for (;;) {
    options.signal?.throwIfAborted()
    // Read before the files are: what becomes true meanwhile is seen at the next round.
    const end = fixedEnd ?? endOf(source, buffered)
    const { isStopped, failure } = source
    const change = source.isBesideWriter ? undefined : source.nextChange(buffered)
    const { index } = scanner
    const limit = earlier(end, source.isBesideWriter ? ANYWHERE : source.shown)
    if (isBefore({ index, position: scanner.resume }, limit)) {
      const step = await scanner.next(index === limit.index ? limit.position : Number.MAX_SAFE_INTEGER)
      if (step.kind === 'above') return
      if (step.kind === 'batch') {
        progress.idleLooks = 0
        yield step.items
        continue
      }
      const next = await nextFile({ source, scanner, step, limit, ...progress })
      if (next === 'again') continue
      if (next !== undefined) {
        scanner = await scannerOfFile(next)
        continue
      }
      if (step.kind === 'end') scanner.resume = Math.max(scanner.resume, step.position)
    }
    // What was in memory when the file was looked at may have been laid down since.
    if (isBefore(limit, earlier(end, source.shown))) continue
    const block = buffered && isBefore({ index, position: scanner.resume }, end) ? source.blockFrom(index, scanner.resume) : undefined
    // A transaction under way is nobody's to see: who wants a picture of now goes past it, who follows waits for it.
    if (block && (block.visible || !follow)) {
      if (block.index !== index) scanner = scannerFor(block.index)
      const { items, resume } = fromMemory(block, { resume: scanner.resume, end }, source.files.identity.storeSeed, source.stamp())
      scanner.resume = resume
      const shown = items.filter((item) => isWithin(item, bounds))
      if (shown.length > 0) yield withData ? shown : shown.map(({ data, ...rest }) => rest)
      continue
    }
    if (!follow || isStopped) return
    if (failure) throw storeFailure(`scan: nothing more will become durable, as the store failed: ${failure.message}`, failure)
    await untilChange(change ?? source.nextChange(buffered, progress.idleLooks > LOOKS_UNTIL_REST), options.signal as AbortSignal)
    if (!source.isBesideWriter) continue
    progress.idleLooks++
    await scanner.refresh()
  }
}

// Half a second's: a writer that goes on in the next file has made it by then, as a rule.
const LOOKS_UNTIL_REST = 25
const ANYWHERE: Place = { index: Number.MAX_SAFE_INTEGER, position: Number.MAX_SAFE_INTEGER }

/** What a scan may show at most. */
function endOf(source: ScanSource, buffered: boolean): Place {
  if (source.isBesideWriter) return ANYWHERE
  return buffered ? source.accepted : source.frontier
}

function isBefore(a: Place, b: Place): boolean {
  return a.index < b.index || (a.index === b.index && a.position < b.position)
}

function earlier(a: Place, b: Place): Place {
  return isBefore(a, b) ? a : b
}

function isWithin({ location, sequence, timestamp }: ScannedItem, bounds: ScanBounds): boolean {
  const standing = { ...location, sequence, timestamp }
  return !bounds.isBelow(standing) && !bounds.isAbove(standing)
}

interface FileEnd {
  readonly source: ScanSource
  readonly scanner: FileScanner
  readonly step: ScanStep
  readonly limit: Place
  readonly idleLooks: number
}

/** Where to go on when a file has no more to show: undefined where this was the last one, `again` where it has to be looked at once more. */
async function nextFile({ source, scanner, step, limit, idleLooks }: FileEnd): Promise<number | 'again' | undefined> {
  const { index } = scanner
  if (!source.isBesideWriter) {
    if (step.kind === 'missing') await refuseGap('scan', source.files, source, index)
    if (step.kind === 'end' && index < limit.index) await refuseEnd(source, index, step)
    else if (step.kind === 'end' && !step.isEnd) await refuseDamage(source, index, step.position)
    return index < limit.index ? Math.max(index + 1, source.firstIndex) : undefined
  }
  if (step.kind === 'unfinished') {
    // Whoever recovers from a crash may remove the files behind it, and go on here.
    scanner.isComplete = false
    const isAgain = await refuseBreak(source, step.place, scanner.brokeAt)
    scanner.brokeAt = step.place
    if (!isAgain) return undefined
    // What was seen of it may be from before its transaction went on.
    await source.files.forget(index)
    return 'again'
  }
  // No file is made before the one in front of it ends in a closing block; and long behind one the writer rests.
  const isUnlikely = step.kind === 'end' && step.isEnd && idleLooks > (step.closedAt === undefined ? 0 : LOOKS_UNTIL_REST)
  const next = await source.fileBehind(index, { isMissing: step.kind === 'missing', isUnlikely })
  if (next === undefined) scanner.isComplete = false
  // It may have grown between the look at it and the look for the next one, and since it was opened a trim may have put another file in its place.
  if (step.kind === 'end' && !scanner.isComplete && next !== undefined) {
    scanner.isComplete = true
    await source.files.forget(index)
    return 'again'
  }
  if (step.kind === 'end' && next === index + 1) {
    if (await refuseEnd(source, index, step)) return next
    scanner.isComplete = false
    return undefined
  }
  if (step.kind === 'end' && !step.isEnd) await refuseDamage(source, index, step.position)
  return next
}

/** The items of one piece of a block in memory before `end`, as a copy, and where to go on: items may have come since that was the end. */
function fromMemory(
  block: Block,
  { resume, end }: { readonly resume: number; readonly end: Place },
  storeSeed: number,
  now: number,
): { readonly items: readonly ScannedItem[]; readonly resume: number } {
  if (!block.visible) return { items: [], resume: block.end }
  const start = Math.max(resume, block.position + BLOCK_HEADER_BYTES)
  const { segment, sequence } = block.pieceAt(start)
  const from = start - segment.position
  const bytes = segment.bytes.slice(from, segment.used)
  const place = { index: block.index, position: start, sequence, timestamp: block.sealedAt || now }
  const { items } = decodeRecords({ bytes, at: 0, end: bytes.length, ...place }, storeSeed)
  const later = items.findIndex(({ location }) => !isBefore(location, end))
  if (later < 0) return { items, resume: start + bytes.length }
  return { items: items.slice(0, later), resume: (items[later] as ScannedItem).location.position }
}

async function untilChange(change: Promise<void>, signal: AbortSignal): Promise<void> {
  let onAbort = (): void => {}
  const aborted = new Promise<void>((resolve) => void (onAbort = resolve))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([change, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
