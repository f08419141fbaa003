import type { CaseName } from '../case-name.js'
import { runNamedCase } from './conformance-case.js'

interface Runner {
  onmessage: (event: { readonly data: { readonly id: number; readonly error?: string } }) => void
  postMessage(message: unknown): void
}

declare const Worker: new (url: URL, options: { readonly type: 'module' }) => Runner

const runner = new Worker(new URL('./conformance-worker.ts', import.meta.url), { type: 'module' })
const waiting = new Map<number, (error: string | undefined) => void>()
let count = 0

runner.onmessage = ({ data: { id, error } }) => waiting.get(id)?.(error)

/** Runs a case here or in the worker: what is wrong, or nothing. */
async function run(name: CaseName): Promise<string | undefined> {
  if (name.backend === 'worker') {
    const id = ++count
    return new Promise((resolve) => {
      waiting.set(id, resolve)
      runner.postMessage({ id, name })
    })
  }
  return runNamedCase(name).then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)),
  )
}

Object.assign(globalThis, { run })
