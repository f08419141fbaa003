import { type Random, seededRandom } from '@varve/backend/faults'
import { CURSOR } from './cursor.js'
import type { Operation } from './operation.js'
import { pick } from './pick.js'
import type { Program, StoreSettings } from './program.js'

/** A program made from a seed: a few operations or some dozens, on a store with tiny files. */
export function randomProgram(seed: number): Program {
  const random = seededRandom(seed)
  const settings = randomSettings(random)
  const length = 2 + random(pick(random, [6, 12, 30]))
  const operations: Operation[] = [{ do: 'start' }]
  while (operations.length < length) {
    const operation = randomOperation(random, settings)
    operations.push(operation)
    // What is stopped is started again sooner or later; until then nothing else can happen to it.
    if (operation.do === 'stop') operations.push({ do: 'start' })
  }
  return { operations, settings, preallocation: pick(random, [0, 0, 24]), seed }
}

function randomSettings(random: Random): StoreSettings {
  const maxFileSize = pick(random, [512, 600, 700])
  return {
    maxFileSize,
    maxBufferSize: pick(random, [128, 200, maxFileSize >> 1]),
    maxBufferItems: pick(random, [2, 3, 1000]),
    durability: pick(random, ['sync', 'os'] as const),
    retention: pick(random, [{}, {}, { maxFiles: 2 }, { maxFiles: 2, cursors: [CURSOR] }]),
  }
}

/** Below these numbers `randomOperation` chooses what may be done together with others, and what may be interrupted. */
const TOGETHER = 54
const SIMPLE = 83

function randomOperation(random: Random, settings: StoreSettings, ways = 100): Operation {
  const way = random(ways)
  if (way < 14) return { do: 'add', sizes: randomSizes(random, 4), durable: true }
  if (way < 28) return { do: 'add', sizes: random(8) === 0 ? [oversized(random, settings)] : randomSizes(random, 5) }
  if (way < 38) return { do: 'transaction', sizes: randomSizes(random, random(3) === 0 ? 12 : 4) }
  if (way < 42) return { do: 'flush' }
  if (way < 50) return randomRemoval(random)
  if (way < 54) return { do: 'commit', back: random(4) }
  if (way < 60) return { do: 'rotate' }
  if (way < 70) return randomRemoval(random)
  if (way < 72) return { do: 'commit', back: 0 }
  if (way < 74) return { do: 'scan' }
  if (way < 77) return { do: 'wait' }
  if (way < 83) return { do: 'stop' }
  if (way < 88) return { do: 'crash', seed: random(1_000_000) }
  if (way < 92) return { do: 'kill', at: 1 + random(16), operation: randomOperation(random, settings, SIMPLE) }
  if (way < 95)
    return {
      do: 'failSync',
      of: pick(random, ['file', 'file', 'directory'] as const),
      operation: randomOperation(random, settings, SIMPLE),
    }
  return { do: 'together', operations: Array.from({ length: 2 + random(3) }, () => randomOperation(random, settings, TOGETHER)) }
}

function randomRemoval(random: Random): Operation {
  const file = pick(random, [0, 1, 2, -1, -1])
  const kind = pick(random, ['ltrim', 'rtrim', 'drop'] as const)
  return kind === 'drop' ? { do: 'drop', file } : { do: kind, file, item: random(6) - 1 }
}

function randomSizes(random: Random, most: number): number[] {
  return Array.from({ length: 1 + random(most) }, () => 1 + random(pick(random, [4, 40, 100])))
}

/** An item that the buffer can't hold and a file can. */
function oversized(random: Random, { maxFileSize = 512, maxBufferSize = 256 }: StoreSettings): number {
  const least = maxBufferSize - 51
  const most = maxFileSize - 64 - 2 * 44 - 8
  return least + random(Math.max(1, most - least))
}
