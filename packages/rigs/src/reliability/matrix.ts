/** A test, or several, that show one line of the matrix: those of a file in whose title, or in that of a group around them, the words stand. */
export interface Evidence {
  readonly file: string
  readonly title: string
}

/** A fault, and what Varve promises about it. */
export interface MatrixLine {
  readonly fault: string
  readonly promise: string
  readonly shownBy: readonly Evidence[]
}

function shown(file: string, ...titles: readonly string[]): Evidence[] {
  return titles.map((title) => ({ file: `packages/${file}.test.ts`, title }))
}

/** Every fault that Varve must survive. */
export const matrix: readonly MatrixLine[] = [
  {
    fault: '`kill -9` at any instant',
    promise: 'every acknowledged item is there; the rest is whole or absent',
    shownBy: [
      ...shown('rigs/test/processes', 'kill'),
      ...shown('core/test/natural-exit', 'a program that exits at once has what was durable'),
    ],
  },
  {
    fault:
      'power loss: any subset, prefix or order of unsynced writes survives; sectors torn, zeroed, garbage; size extended over zeros; directory entries lost',
    promise: 'every acknowledged item is there; the rest is whole or absent; a transaction is whole or absent',
    shownBy: [
      ...shown('rigs/test/crash-of-short-programs', 'power loss at any step of any sequence of up to three operations'),
      ...shown('rigs/test/crash-of-long-programs', 'power loss at any step of long programs'),
      ...shown('rigs/test/matrix/power-loss', 'power lost at any instant leaves every acknowledged item'),
      ...shown('rigs/test/model', 'a store keeps its promise, whatever is done to it'),
    ],
  },
  {
    fault: 'a torn header of a new file; a crash at any step of rotation, `ltrim`, `rtrim`, drop, destroy, copy, stop, start',
    promise: 'the state before or after that step; a trim that was acknowledged is not undone',
    shownBy: [
      ...shown(
        'rigs/test/matrix/power-loss',
        'at any step of a rotation',
        'at any step of a stop and of the start after it',
        'at any step of an ltrim',
        'at any step of an rtrim',
        'at any step of a drop',
      ),
      ...shown('core/test/destroy', 'that is interrupted by a power cut at any step', 'that is interrupted by an error of any call'),
      ...shown('core/test/copy-to', 'a power cut at any step leaves a store that opens', 'an error of any call'),
      ...shown('core/test/repair-interrupted', 'a repair that is interrupted loses no intact item'),
    ],
  },
  {
    fault: 'a crash at any step of a commit of a cursor, or of what a retention drops',
    promise:
      'the cursor is where it was moved to, or where it was before; no file is dropped that was to be kept, or that the cursor is not behind',
    shownBy: shown('rigs/test/matrix/power-loss', 'at any step of a commit', 'at any step of what a retention drops'),
  },
  {
    fault: 'a crash during recovery, three deep',
    promise: 'the same result as one undisturbed recovery',
    shownBy: shown('rigs/test/matrix/power-loss', 'during recovery, in the recovery of what that leaves'),
  },
  {
    fault: 'a failed sync, whose pages the cache goes on showing',
    promise: 'final for the writer; what the next start serves it has written again and synced',
    shownBy: [...shown('rigs/test/matrix/failed-sync', 'a failed sync'), ...shown('core/test/fatal-failures', 'a rotation fails for good')],
  },
  {
    fault: 'any bit flipped anywhere',
    promise:
      'never wrong bytes: the damaged item is `CORRUPT`, every other one is readable; `verify` names the extent and what is lost; `repair` keeps every intact item',
    shownBy: [
      ...shown('rigs/test/corruption', 'each of its bits flipped', 'sectors of every size lost at many places'),
      ...shown('core/test/verify', 'verify names', 'a store with damage in the middle is read around it'),
      ...shown('core/test/repair', 'is opened for writing after a repair'),
      ...shown('core/test/scan', 'damage'),
      ...shown('core/test/read-only', 'a reader of a damaged store'),
      ...shown('rigs/test/matrix/tails', 'damage before a block'),
    ],
  },
  {
    fault: 'a tail cut at any length; garbage or zeros appended',
    promise: 'cut back; what was cut is saved beside the store and reported by `recover`; zeros are no damage',
    shownBy: [
      ...shown('rigs/test/corruption', 'each of its files cut to each length', 'zeros, ones, garbage and its own bytes behind'),
      ...shown('core/test/verify', 'which items a file lost that was cut off', 'a file that lost its last blocks ends a scan'),
      ...shown('rigs/test/matrix/tails', 'a tail'),
      ...shown('core/test/read-only', 'a reader of what a crash left behind'),
    ],
  },
  {
    fault: 'a middle file missing; a file copied under another name; another store’s file; a newer version; another genesis',
    promise: 'a named error, and nothing touched; a dropped file leaves a stub and is not missed',
    shownBy: [
      ...shown(
        'rigs/test/matrix/files',
        'that is missing in the middle',
        'that was dropped in the middle',
        'copied under another name',
        'of another store',
        'of a newer version',
        'with other genesis bytes',
      ),
      ...shown('rigs/test/corruption', 'files swapped, copied under another name, missing, of another store'),
      ...shown('core/test/repair', 'where only one data file is left, with a number above 0'),
    ],
  },
  {
    fault: 'a power cut or an I/O error at any step of a repair',
    promise: 'every intact item can be read, every changed byte is kept, and another repair does the rest',
    shownBy: shown(
      'core/test/repair-interrupted',
      'by a power cut at any step',
      'by a power cut, and by another one',
      'by an error of any call',
    ),
  },
  {
    fault: 'random and forged bytes in every parser',
    promise: 'nothing is thrown without a name, and no memory is asked for beyond the input',
    shownBy: shown('core/test/format/random-bytes', 'a parser that gets random bytes'),
  },
  {
    fault: 'a hostile directory: forged headers and lengths, links, pipes, directories and names in place of files',
    promise: 'nothing outside is read or written, nothing hangs, memory is bounded, files are their owner’s alone',
    shownBy: shown(
      'rigs/test/hostile-store',
      'a store that somebody has forged',
      'a directory that somebody has prepared',
      'the files and directories that are made',
    ),
  },
  {
    fault: 'a stale `.tmp.` file',
    promise: 'removed at the next writable start',
    shownBy: shown('rigs/test/matrix/files', 'that is a rewrite which was interrupted'),
  },
  {
    fault: 'two writers, in one process, in two, one of them stopped with SIGSTOP',
    promise: 'the second gets `LOCKED` and learns who holds it',
    shownBy: [
      ...shown('core/test/lifecycle', 'of a second writer is LOCKED'),
      ...shown(
        'fs-backend/test/processes/lock',
        'tells the second one who holds it',
        'stays with a holder that is halted',
        'goes to exactly one of many',
      ),
    ],
  },
  {
    fault: 'readers in another process during writes, rotation, trims, drops',
    promise: 'right bytes or a named answer, never wrong bytes',
    shownBy: [
      ...shown('rigs/test/processes', 'a reader in another process follows right through'),
      ...shown('core/test/read-only', 'a reader beside a writer that goes on', 'gets its header and %s while it is opened'),
      ...shown('core/test/follow-read-only', 'a follower beside a writer', 'a follower and a write that is under way'),
      ...shown('rigs/test/matrix/removals', 'a reader beside a trim'),
    ],
  },
  {
    fault: 'no space or quota at every write',
    promise: 'acknowledged data readable; nothing lost that memory still holds; goes on when there is space; a store opens on a full disk',
    shownBy: shown('core/test/write-failures', 'a write that finds no space', 'while the disk is full', 'when there is space again'),
  },
  {
    fault: 'EIO at every read, write, sync, open, close, truncate, rename, unlink',
    promise: 'that operation fails by name; a failed sync is final; a start recovers',
    shownBy: [
      ...shown('rigs/test/io-errors', 'an error of any backend call'),
      ...shown('fs-backend/test/system-faults', 'from the system is'),
    ],
  },
  {
    fault: 'short reads and writes, of every length',
    promise: 'finished or failed, never half accepted',
    shownBy: shown(
      'fs-backend/test/system-faults',
      'goes on where a short write stopped, at every length',
      'rejects with what stopped a short write',
      'goes on where the system gave less',
    ),
  },
  {
    fault: 'too many open files',
    promise: 'a named error, no leaked handle',
    shownBy: [
      ...shown('fs-backend/test/system-faults', 'no handle is left'),
      ...shown('core/test/write-failures', 'and one that fails with %s alike'),
      ...shown('core/test/refused-rotation', 'leaves an unused file'),
    ],
  },
  {
    fault: 'a write that hangs',
    promise: 'adds wait, then `TIMEOUT`; reads go on; `stop` gives up after `timeout` with an error',
    shownBy: [...shown('core/test/write-failures', 'a write that hangs'), ...shown('core/test/failed-stop', 'because it hangs')],
  },
  {
    fault: 'the clock jumps',
    promise: 'intervals do not notice; file times never go backwards',
    shownBy: [
      ...shown('rigs/test/matrix/clock', 'a clock that jumps back'),
      ...shown('core/test/flush-policy', 'may jump: intervals do not notice'),
    ],
  },
  {
    fault: 'a huge item, an empty item, sizes around every limit',
    promise: 'as documented; nothing half taken',
    shownBy: [
      ...shown('core/test/oversized-items', 'may be as large as a file holds'),
      ...shown('core/test/oversized-failures', 'an oversized item that can not be written', 'a caller that changes its buffer'),
      ...shown('core/test/add', 'is at least one byte', 'is at most what a file holds'),
      ...shown('core/test/rotation', 'no file ever passes maxFileSize'),
    ],
  },
  {
    fault: 'a caller changes its buffer after `add`; a listener throws; `stop` during a flush; `stop` twice; verbs after stop',
    promise: 'as documented: the item keeps its bytes, the store goes on, one stop, `NOT_RUNNING`',
    shownBy: [
      ...shown('core/test/add', 'are copied at once', 'stay what they were when the buffer is changed'),
      ...shown('core/test/events', 'a listener that fails'),
      ...shown('core/test/lifecycle', 'of a flush waits for it', 'twice at once is one stop'),
      ...shown('core/test/wrong-state', 'is NOT_RUNNING before start and after stop'),
    ],
  },
  {
    fault: 'writers faster than the disk',
    promise: 'never more than twice `maxBufferSize` in buffers, whatever the writers do',
    shownBy: shown('core/test/memory-bound', 'never more than twice maxBufferSize is held'),
  },
]
