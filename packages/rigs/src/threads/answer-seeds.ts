import { parentPort } from 'node:worker_threads'

/** What a thread of `searchSeeds` does: one seed after the other, as they come, and one answer for each. */
export function answerSeeds(search: (seed: number) => Promise<unknown>): void {
  parentPort?.on('message', async (seed: number) => parentPort?.postMessage(await search(seed)))
}
