import type { Operation } from '../programs/operation.js'
import { describeOperation } from '../programs/operation.js'
import type { StoreSettings } from '../programs/program.js'

/** What an error is tried on, beside the operations that change something. Each is about all that is stored. */
export type Step =
  | Exclude<Operation, { readonly do: 'crash' | 'kill' | 'failSync' | 'commit' | 'together' }>
  | { readonly do: 'read' | 'readSync' | 'readMany' | 'readStream' | 'scanBack' | 'scanBuffered' }
  | { readonly do: 'addMany'; readonly sizes: readonly number[]; readonly durable?: boolean }
  | { readonly do: 'whenDurable' }
  /** Begins all of them, one after the other without waiting in between, and waits for all. */
  | { readonly do: 'together'; readonly operations: readonly Step[] }

/** A program for the loop of errors. */
export interface ErrorProgram {
  readonly name: string
  readonly settings: StoreSettings
  readonly steps: readonly Step[]
}

const small: StoreSettings = { maxFileSize: 512, maxBufferSize: 200 }
const start: Step = { do: 'start' }
const stop: Step = { do: 'stop' }
const scan: Step = { do: 'scan' }

/** Enough items for two files and a half. */
const filled: readonly Step[] = [
  start,
  { do: 'transaction', sizes: [90, 60, 90, 90, 60, 90, 90] },
  { do: 'add', sizes: [25, 35], durable: true },
]

const stories: { readonly [name: string]: { readonly steps: readonly Step[]; readonly settings?: StoreSettings } } = {
  'a store is made, filled and opened again': {
    steps: [start, { do: 'add', sizes: [20, 30] }, { do: 'flush' }, { do: 'add', sizes: [10] }, stop, start, scan, { do: 'read' }, stop],
  },
  'durable adds': {
    steps: [
      start,
      { do: 'add', sizes: [20], durable: true },
      { do: 'add', sizes: [15, 25, 35], durable: true },
      { do: 'addMany', sizes: [5, 6], durable: true },
      scan,
      stop,
    ],
  },
  'adds that wait for room': {
    steps: [
      start,
      { do: 'add', sizes: [90, 91, 92, 93, 94, 95] },
      { do: 'addMany', sizes: [80, 81, 82, 83] },
      { do: 'flush' },
      { do: 'readMany' },
      stop,
    ],
    settings: { ...small, maxBufferSize: 128 },
  },
  'an oversized item among others': {
    steps: [
      start,
      {
        do: 'together',
        operations: [
          { do: 'add', sizes: [30, 250, 40] },
          { do: 'add', sizes: [20], durable: true },
        ],
      },
      { do: 'add', sizes: [260], durable: true },
      { do: 'readStream' },
      stop,
    ],
    settings: { maxFileSize: 512, maxBufferSize: 128 },
  },
  'transactions across files': {
    steps: [
      start,
      { do: 'add', sizes: [40] },
      { do: 'transaction', sizes: [90, 90, 90, 90, 90, 90] },
      { do: 'transaction', sizes: [10] },
      { do: 'scanBack' },
      { do: 'readMany' },
      stop,
    ],
  },
  'transactions at once': {
    steps: [
      start,
      {
        do: 'together',
        operations: [
          { do: 'transaction', sizes: [90, 90, 90, 90] },
          { do: 'add', sizes: [50], durable: true },
          { do: 'transaction', sizes: [20, 30] },
          { do: 'flush' },
        ],
      },
      scan,
      stop,
    ],
  },
  rotations: {
    steps: [
      start,
      { do: 'rotate' },
      { do: 'add', sizes: [30] },
      { do: 'rotate' },
      { do: 'add', sizes: [20], durable: true },
      { do: 'scanBuffered' },
      stop,
      start,
      { do: 'read' },
      stop,
    ],
  },
  'ltrim of the first and of the last file': {
    steps: [
      ...filled,
      { do: 'ltrim', file: 0, item: 0 },
      { do: 'ltrim', file: -1, item: 0 },
      { do: 'add', sizes: [20], durable: true },
      { do: 'read' },
      scan,
      stop,
    ],
  },
  'rtrim of a middle and of the last file': {
    steps: [
      ...filled,
      { do: 'rtrim', file: 1, item: 1 },
      { do: 'add', sizes: [15] },
      { do: 'rtrim', file: -1, item: 1 },
      { do: 'add', sizes: [20], durable: true },
      { do: 'read' },
      scan,
      stop,
    ],
  },
  'drops of a middle, the first and the last file': {
    steps: [
      ...filled,
      { do: 'drop', file: 1 },
      { do: 'drop', file: 0 },
      { do: 'add', sizes: [15] },
      { do: 'drop', file: -1 },
      { do: 'add', sizes: [20], durable: true },
      { do: 'readMany' },
      scan,
      stop,
    ],
  },
  'flushes by time': {
    steps: [
      start,
      { do: 'add', sizes: [20, 30] },
      { do: 'wait' },
      { do: 'together', operations: [{ do: 'whenDurable' }, { do: 'flush' }] },
      { do: 'add', sizes: [25] },
      { do: 'wait' },
      scan,
      stop,
    ],
  },
  'reads of every kind': {
    steps: [
      ...filled,
      { do: 'read' },
      { do: 'readSync' },
      { do: 'readMany' },
      { do: 'readStream' },
      scan,
      { do: 'scanBack' },
      { do: 'scanBuffered' },
      stop,
      start,
      { do: 'readSync' },
      stop,
    ],
  },
  'a start after a stop, and a drop in between': { steps: [...filled, stop, start, { do: 'drop', file: 0 }, stop, start, scan, stop] },
}

/** Every story with each durability. */
export function errorPrograms(): ErrorProgram[] {
  return Object.entries(stories).flatMap(([name, { steps, settings = small }]) =>
    (['sync', 'os'] as const).map((durability) => ({
      name: `${name}, durability ${durability}`,
      steps,
      settings: { ...settings, durability },
    })),
  )
}

export function describeStep(step: Step): string {
  switch (step.do) {
    case 'addMany':
      return `${step.durable ? 'durable ' : ''}addMany ${step.sizes.join(', ')}`
    case 'read':
    case 'readSync':
    case 'readMany':
    case 'readStream':
    case 'scanBack':
    case 'scanBuffered':
    case 'whenDurable':
      return step.do
    case 'together':
      return `together (${step.operations.map(describeStep).join('; ')})`
    default:
      return describeOperation(step)
  }
}
