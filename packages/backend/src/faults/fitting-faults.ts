import type { CallKind } from './backend-call.js'
import { type Fault, fail, shorten } from './fault.js'

const half = (size: number) => size >> 1
const allButOne = (size: number) => size - 1

/**
 * The faults that a medium can answer each kind of call with: what `everyFault` tries where it is not told otherwise.
 *
 * An error stands `after` the effect where the medium may have done its part and failed only to make it durable, or to say so: a name that is
 * there though `create` failed. `close` always gives its handle back, also where it fails, as on every system that is known. `BUSY`, `LOCKED`,
 * `CONFLICT` and the like promise that nothing has changed, so they stand only `before`.
 */
export const fittingFaults: { readonly [Kind in CallKind]: readonly Fault[] } = {
  list: [fail('IO'), fail('PERMISSION'), fail('TOO_MANY_OPEN')],
  open: [fail('IO'), fail('PERMISSION'), fail('TOO_MANY_OPEN')],
  openSync: [fail('IO'), fail('PERMISSION'), fail('TOO_MANY_OPEN')],
  create: [fail('IO'), fail('NO_SPACE'), fail('PERMISSION'), fail('TOO_MANY_OPEN'), fail('IO', { when: 'after' })],
  replace: [fail('IO'), fail('NO_SPACE'), fail('PERMISSION'), fail('BUSY'), fail('IO', { when: 'after' })],
  remove: [fail('IO'), fail('PERMISSION'), fail('BUSY'), fail('IO', { when: 'after' })],
  lock: [
    fail('LOCKED'),
    fail('IO'),
    fail('NO_SPACE'),
    fail('PERMISSION'),
    fail('TOO_MANY_OPEN'),
    fail('UNSUPPORTED'),
    fail('IO', { when: 'after' }),
  ],
  destroy: [fail('IO'), fail('PERMISSION'), fail('BUSY'), fail('IO', { when: 'after' })],
  size: [fail('IO')],
  sizeSync: [fail('IO')],
  read: [fail('IO'), fail('PERMISSION'), shorten(0), shorten(half), shorten(allButOne)],
  readSync: [fail('IO'), fail('PERMISSION'), shorten(0), shorten(half), shorten(allButOne)],
  append: [
    fail('IO'),
    fail('NO_SPACE'),
    fail('PERMISSION'),
    shorten(1),
    shorten(half),
    shorten(half, { code: 'IO' }),
    shorten(allButOne),
    fail('IO', { when: 'after' }),
    fail('NO_SPACE', { when: 'after' }),
  ],
  truncate: [fail('IO'), fail('NO_SPACE'), fail('IO', { when: 'after' })],
  sync: [fail('IO'), fail('NO_SPACE'), fail('IO', { when: 'after' })],
  close: [fail('IO', { when: 'after' })],
  release: [fail('IO'), fail('IO', { when: 'after' })],
}
