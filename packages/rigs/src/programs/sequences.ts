import type { Operation } from './operation.js'
import type { Program, StoreSettings } from './program.js'

/** What short programs are made of. */
const ALPHABET: readonly Operation[] = [
  { do: 'add', sizes: [30], durable: true },
  { do: 'add', sizes: [20, 50] },
  // Larger than what is left of any file: it crosses into the next.
  { do: 'transaction', sizes: [90, 90, 90, 90, 90] },
  { do: 'flush' },
  { do: 'rotate' },
  { do: 'ltrim', file: 0, item: 1 },
  { do: 'ltrim', file: -1, item: 0 },
  { do: 'rtrim', file: 0, item: 1 },
  { do: 'rtrim', file: -1, item: -1 },
  { do: 'drop', file: 0 },
  { do: 'drop', file: 1 },
  { do: 'drop', file: -1 },
  { do: 'stop' },
  { do: 'start' },
]

/** What stands in the store before a short program begins. */
const PRELUDES: { readonly [name: string]: readonly Operation[] } = {
  nothing: [],
  'a new store': [{ do: 'start' }],
  'three files': [{ do: 'start' }, { do: 'transaction', sizes: [90, 60, 90, 90, 60, 90, 90] }, { do: 'add', sizes: [25, 35], durable: true }],
}

/** A short program, and how many of its first operations are those of shorter ones. */
export interface Sequence {
  readonly program: Program
  readonly known: number
}

/** Every sequence of up to `length` operations behind each prelude, with each durability. Those that another one's end is the beginning of come after it. */
export function* sequences(length: number): Generator<Sequence> {
  for (const [n, prelude] of Object.values(PRELUDES).entries()) {
    for (const durability of ['sync', 'os'] as const) {
      const settings: StoreSettings = { maxFileSize: 512, maxBufferItems: 3, durability }
      const seed = 1000 + n
      yield { program: { operations: prelude, settings, seed }, known: 0 }
      yield* extend(prelude, { settings, seed }, length)
    }
  }
}

function* extend(operations: readonly Operation[], rest: Omit<Program, 'operations'>, length: number): Generator<Sequence> {
  if (length === 0) return
  for (const operation of ALPHABET) {
    if (!makesSense(operations, operation)) continue
    const program = { ...rest, operations: [...operations, operation] }
    yield { program, known: operations.length }
    yield* extend(program.operations, rest, length - 1)
  }
}

/** A stopped store can only be started, and a running one can't be. */
function makesSense(before: readonly Operation[], { do: kind }: Operation): boolean {
  const last = before.filter((operation) => operation.do === 'start' || operation.do === 'stop').at(-1)
  return last?.do === 'start' ? kind !== 'start' : kind === 'start'
}
