import type { Operation } from './operation.js'
import type { Program, StoreSettings } from './program.js'

/** What short programs are made of: each kind of operation in its forms, which take turns. */
const ALPHABET: readonly (readonly Operation[])[] = [
  [
    { do: 'add', sizes: [30], durable: true },
    { do: 'add', sizes: [12, 40], durable: true },
  ],
  [
    { do: 'add', sizes: [20, 50] },
    { do: 'add', sizes: [9, 9, 9, 9] },
    { do: 'add', sizes: [300] },
  ],
  // Through two files, within one, through three.
  [
    { do: 'transaction', sizes: [90, 90, 90, 90, 90] },
    { do: 'transaction', sizes: [15, 25] },
    { do: 'transaction', sizes: [90, 80, 90, 90, 90, 90, 90, 70, 90] },
  ],
  [{ do: 'flush' }],
  [{ do: 'rotate' }],
  [
    { do: 'ltrim', file: 0, item: 1 },
    { do: 'ltrim', file: -1, item: 0 },
    { do: 'ltrim', file: 1, item: -1 },
  ],
  [
    { do: 'rtrim', file: -1, item: -1 },
    { do: 'rtrim', file: 0, item: 1 },
    { do: 'rtrim', file: -1, item: 0 },
  ],
  [
    { do: 'drop', file: 1 },
    { do: 'drop', file: 0 },
    { do: 'drop', file: -1 },
  ],
  [{ do: 'stop' }],
  [{ do: 'start' }],
]

/** What stands in the store before a short program begins. */
const PRELUDES: readonly (readonly Operation[])[] = [
  [{ do: 'start' }],
  [{ do: 'start' }, { do: 'transaction', sizes: [90, 60, 90, 90, 60, 90, 90] }, { do: 'add', sizes: [25, 35], durable: true }],
]

/** A short program. */
export interface Sequence {
  readonly program: Program
  /** How many of its first operations are those of a sequence that came before. */
  readonly known: number
  /** How many operations come behind the prelude. */
  readonly length: number
}

/** In what store short programs run: a new one and one with three files, each with either durability. No state of one can be a state of another. */
export const SURROUNDINGS = PRELUDES.flatMap((prelude) => (['sync', 'os'] as const).map((durability) => ({ prelude, durability })))

/** Every sequence of up to `longest` operations, in the store of that number. */
export function* sequences(longest: number, store: number): Generator<Sequence> {
  const { prelude, durability } = SURROUNDINGS[store] as (typeof SURROUNDINGS)[number]
  const settings: StoreSettings = { maxFileSize: 512, maxBufferItems: 3, durability }
  const rest = { settings, preallocation: durability === 'os' ? 24 : 0, seed: 1000 + store }
  yield { program: { ...rest, operations: prelude }, known: 0, length: 0 }
  yield* longerThan(prelude, { rest, length: 1, longest, turns: ALPHABET.map(() => 0) })
}

interface Growth {
  readonly rest: Omit<Program, 'operations'>
  readonly length: number
  readonly longest: number
  /** How often each kind of operation had its turn. */
  readonly turns: number[]
}

function* longerThan(before: readonly Operation[], growth: Growth): Generator<Sequence> {
  const { rest, length, longest, turns } = growth
  if (length > longest) return
  for (const [kind, forms] of ALPHABET.entries()) {
    const operation = forms[(turns[kind] as number) % forms.length] as Operation
    if (!canFollow(before, operation)) continue
    turns[kind] = (turns[kind] as number) + 1
    const operations = [...before, operation]
    yield { program: { ...rest, operations }, known: before.length, length }
    yield* longerThan(operations, { ...growth, length: length + 1 })
  }
}

/** A stopped store can only be started, and a running one can't be. */
function canFollow(before: readonly Operation[], { do: kind }: Operation): boolean {
  const last = before.filter((operation) => operation.do === 'start' || operation.do === 'stop').at(-1)
  return last?.do === 'start' ? kind !== 'start' : kind === 'start'
}
