/** A branch that no test takes. */
export interface UncoveredBranch {
  readonly file: string
  /** A part of its line. */
  readonly what: string
  readonly reason: string
}

function reasons(file: string, ...each: readonly (readonly [what: string, reason: string])[]): UncoveredBranch[] {
  return each.map(([what, reason]) => ({ file: `packages/${file}.ts`, what, reason }))
}

const CHANGED = 'only where somebody else changes the file between two reads of it that follow each other'
const GONE = 'only where somebody else removes the file between two looks at it that follow each other'

/** What `npm run coverage` finds not covered, each with its reason: `npm run reliability -- --coverage` fails where one has none, or is covered by now. */
export const uncovered: readonly UncoveredBranch[] = [
  ...reasons('backend/src/conformance/expectations', [
    "error.value.code === 'BUSY'",
    'a backend that refuses otherwise than by BUSY fails the suite; those that the suite is shown to catch do not get that far',
  ]),
  ...reasons('backend/src/conformance/failing', ["error instanceof Error ? error.message : ''", 'a backend that throws what is no error']),
  ...reasons('backend/src/faults/call-director', [
    'if (discard) void',
    'a process that ends after a call which is not answered and leaves no handle',
  ]),
  ...reasons('backend/src/faults/file-states', [
    'zeros behind the end',
    'sectors are written at their places, so zeros behind them are a write too',
  ]),
  ...reasons(
    'core/src/maintain/rebuild-file',
    [
      "'it is not known what stood there'",
      'no damage is known that leads there: neither a bit, nor a sector, nor a cut; better a named error than a guess',
    ],
    ["'it changed while it was being read'", CHANGED],
  ),
  ...reasons(
    'core/src/maintain/repair-plan',
    ['byIndex.get(end.index)', 'the end is in a file that was examined, unless it is taken away meanwhile'],
    ['extents: extents ?? []', GONE],
  ),
  ...reasons('core/src/maintain/saved-cut', ['if (read === 0) return', CHANGED]),
  ...reasons('core/src/maintain/store-examination', [
    '(index === 0 ? 0 : behind) ?? 0',
    'a store of which no file can be used has no identity, so it is not examined, unless that comes about meanwhile',
  ]),
  ...reasons(
    'core/src/maintain/verify',
    [
      'else report.omitted++',
      'a store with more than 100,000 damaged extents, which would take longer to make than all other tests together',
    ],
    ['if (!isBesideWriter) return index < firstIndex', 'a store that drops a file in the very moment between listing it and opening it'],
  ),
  ...reasons('core/src/read/diagnose', ['if (!window.has(at, 1)', CHANGED]),
  ...reasons('core/src/read/durable-end', ['indexes[0] ?? 0, position: 0', GONE]),
  ...reasons('core/src/read/file-beginning', [
    'if (!open) return undefined',
    'a read at once of an item whose file was cut off, with the file behind it gone too',
  ]),
  ...reasons(
    'core/src/read/file-scanner',
    [
      'this.#position >= this.#block.end) this.#block',
      'taken whenever a block is given in several batches; the counter goes below zero over awaits in a loop',
    ],
    ['throw this.#damaged(block)', CHANGED],
    ['window.bytes.length >= RECORD_HEADER_BYTES ?', CHANGED],
  ),
  ...reasons(
    'core/src/read/file-survey',
    [
      'if (salvaged.count === 0)',
      'no damage is known after which nothing is made out between two intact headers; it is then told as a blank',
    ],
    ['salvaged.end > start || !isWhole', 'within the branch above'],
  ),
  ...reasons('core/src/read/proven-end', ['if (!proof) return', 'a crash of a writer elsewhere whose torn end grows before it is cut off']),
  ...reasons('core/src/read/read-bytes', ['if (!file.sizeSync) throw', 'a backend that reads at once, but does not tell the size at once']),
  ...reasons(
    'core/src/read/record-search',
    ['end - from > MOST_LANDINGS', 'a damaged stretch of more than 128 MiB'],
    ['count > most || this.#effort <= 0', 'the bound of the work for a file that was forged to cost much'],
    ['if (size === undefined) return false', 'the bound of the work again, or a file that is cut meanwhile'],
    ['if (!(await window.load(position, RECORD_HEADER_BYTES))) return undefined', CHANGED],
  ),
  ...reasons('core/src/read/rescue-header', ['yield { position: 0, least: BLOCK_HEADER_BYTES }', CHANGED]),
  ...reasons(
    'core/src/read/salvaging-file',
    ['if (damage.position >= this.#told) onDamage(damage)', 'a file that is trimmed within a block whose damage has just been told'],
    ['if (!record) break', CHANGED],
    ['await window.load(position, RECORD_HEADER_BYTES))) return undefined', CHANGED],
    ['size === undefined ? undefined : { size, isLost: false }', CHANGED],
    ['return found ?? []', 'a file that is dropped between the look at a block and the read of its items, which follow each other'],
    ['if (open.header.dropped || position <', 'the same of a trim in the middle of that block'],
    ["!== 'intact') continue", CHANGED],
  ),
  ...reasons('core/src/read/salvaging-scan', [
    'if (items.length > 0) yield items',
    'a file that is dropped between the look at a block and the read of its items',
  ]),
  ...reasons('core/src/read/unused-file', [
    'if (!isZero(bytes.subarray(0, read))) return false',
    'a read at once beside a writer that has just laid out more than 64 KiB of zeros in a new file',
  ]),
  ...reasons(
    'core/src/replicate/replica',
    ['if (isThere) return', 'a file that is dropped between the look at what is durable and the copy of it'],
    ["throw missingFile('copy', session.files, index)", GONE],
  ),
  ...reasons(
    'core/src/replicate/replicate',
    ['this.#run?.progress ?? BEGINNING', 'where the code for replication can not be loaded'],
    ['this.#run?.wholeBefore ?? 0', 'where retention looks while the code for replication is being loaded'],
  ),
  ...reasons('core/src/replicate/replication-run', [
    'if (isStopped) throw',
    'a stopped source is noticed by the first read of it, unless there is nothing to read',
  ]),
  ...reasons('core/src/replicate/watched-source', [
    'if (!copied) return true',
    'a file that came between others, which only a repair elsewhere makes',
  ]),
  ...reasons('core/src/session/readable-session', [
    'indexes[0] ?? index + 1',
    'a follower whose whole store is taken away between two looks at it',
  ]),
]
