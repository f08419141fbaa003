import { Worker } from 'node:worker_threads'
import type { Finding } from './search.js'

/** Tries seed after seed on so many threads, from `first` on, until `isOver` says so; tells what came of each. Rejects where a thread breaks. */
export async function searchSeeds(
  first: number,
  options: { readonly threads: number; isOver(): boolean; onFinding(finding: Finding): void },
): Promise<void> {
  let next = first
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./crash-worker.js', import.meta.url))
      const goOn = (): void => {
        if (options.isOver()) void worker.terminate()
        else worker.postMessage(next++)
      }
      worker.on('message', (finding: Finding) => {
        options.onFinding(finding)
        goOn()
      })
      worker.on('error', reject)
      worker.on('exit', () => resolve())
      goOn()
    })
  await Promise.all(Array.from({ length: options.threads }, run))
}
