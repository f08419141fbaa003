import type { Mutant } from './mutant.js'
import { rigs } from './rigs.js'

const cursor = 'packages/core/src/cursor/cursor.ts'
const cursorFiles = 'packages/core/src/cursor/cursor-files.ts'
const retention = 'packages/core/src/maintain/retention.ts'
const varve = 'packages/core/src/varve.ts'

/** Mistakes in cursors, and in what is dropped when they are done with it. */
export const bugsOfConsuming: readonly Mutant[] = [
  {
    name: 'says that a cursor is moved while it is being written',
    why: 'after a crash its consumer gets again what it was told is done with',
    file: cursor,
    find: 'await this.#parts.save(wanted)',
    replace: 'void this.#parts.save(wanted).catch(() => undefined)',
    rigs: [rigs.powerLoss],
  },
  {
    name: 'writes a cursor in its place',
    why: 'a crash leaves it half written, and its consumer begins anew',
    file: cursorFiles,
    find: 'const temporary = temporaryCursorFile(name)',
    replace: 'const temporary = cursorFile(name)',
    also: [{ file: cursorFiles, find: '    await backend.replace(temporary, cursorFile(name))\n', replace: '' }],
    rigs: [rigs.powerLoss],
  },
  {
    name: 'takes zeros behind a cursor for damage',
    why: 'a power loss on a medium that takes space ahead leaves a cursor that nobody can use',
    file: cursorFiles,
    find: 'bytes[CURSOR_BYTES] === 0 ? Math.min(read, CURSOR_BYTES) : read',
    replace: 'read',
    rigs: [rigs.powerLoss],
  },
  {
    name: 'does not wait for a cursor when a store has failed',
    why: 'what the failed store began goes on beside the next one, on the same names',
    file: varve,
    find: '      await this.#whenCursorsIdle(session)\n      await session.release()',
    replace: '      await session.release()',
    rigs: [rigs.model],
  },
  {
    name: 'keeps a file less than the retention says',
    why: 'items are dropped that were to be kept',
    file: retention,
    find: 'session.lastIndex - index + 1 > maxFiles',
    replace: 'session.lastIndex - index + 1 >= maxFiles',
    rigs: [rigs.powerLoss],
  },
  {
    name: 'does not wait for the cursors of a retention',
    why: 'items are dropped that their consumer has not had',
    file: retention,
    find: 'state.sequence < end',
    replace: 'state.sequence < 0',
    rigs: [rigs.powerLoss],
  },
]
