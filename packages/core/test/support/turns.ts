import { act, type FaultyBackend } from '@varve/backend/faults'

/** Lets the event loop turn once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Counts how often the event loop turns until `stop`, which says so. */
export function countTurns(): { stop(): number } {
  let turns = 0
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  return {
    stop() {
      isOver = true
      return turns
    },
  }
}

/** Makes every call of a backend take a turn of the event loop or two, so that others come in between: as on a real disk. */
export function takeTurns(disk: FaultyBackend): void {
  let calls = 0
  disk.inject({
    times: Number.POSITIVE_INFINITY,
    fault: act('a turn passes', async () => {
      await turn()
      if (++calls % 3 === 0) await turn()
    }),
  })
}

/** Numbers from 0 to below 1 that are the same in every run. */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
