import type { Random } from '@varve/backend/faults'

/** One of them. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random(choices.length)] as T
}
