import { parentPort } from 'node:worker_threads'
import { searchSeed } from './search.js'

// One seed after the other, as they come, and one answer for each.
parentPort?.on('message', async (seed: number) => parentPort?.postMessage(await searchSeed(seed)))
