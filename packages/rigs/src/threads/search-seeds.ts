import { Worker } from 'node:worker_threads'

// What is tried lives for a moment, in great numbers: with room for it, far less of it is copied by the collector of garbage.
const resourceLimits = { maxYoungGenerationSizeMb: 192 }

export interface SearchOptions<Finding> {
  /** A program that answers each seed it is sent with what came of it: see `answerSeeds`. */
  readonly worker: URL
  readonly threads: number
  onFinding(finding: Finding): void
}

/** Has every seed tried, on so many threads, and tells what came of each. Asks for the next seed when a thread is free. Rejects where a thread breaks. */
export async function searchSeeds<Finding>(
  seeds: Iterable<number>,
  { worker: program, threads, onFinding }: SearchOptions<Finding>,
): Promise<void> {
  const left = seeds[Symbol.iterator]()
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(program, { resourceLimits })
      const goOn = (): void => {
        const { done, value } = left.next()
        if (done) void worker.terminate()
        else worker.postMessage(value)
      }
      worker.on('message', (finding: Finding) => {
        onFinding(finding)
        goOn()
      })
      worker.on('error', reject)
      worker.on('exit', () => resolve())
      goOn()
    })
  await Promise.all(Array.from({ length: threads }, run))
}

/** One seed after the other, until `isOver`. */
export function* seedsFrom(first: number, isOver: () => boolean): Generator<number> {
  for (let seed = first; !isOver(); seed++) yield seed
}
