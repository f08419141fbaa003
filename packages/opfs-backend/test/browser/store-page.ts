import { toolbox } from './toolbox.js'

interface Message {
  readonly value?: unknown
  readonly error?: string
  readonly told?: unknown
}

declare const Worker: new (
  url: URL,
  options: { readonly type: 'module' },
) => { onmessage: (event: { readonly data: Message }) => void; postMessage(message: unknown): void; terminate(): void }

/** Runs a test's code in a worker of its own, which goes on for as long as the code does. */
async function inWorker(source: string, argument: unknown): Promise<unknown> {
  const worker = new Worker(new URL('./store-worker.ts', import.meta.url), { type: 'module' })
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        if ('told' in data) (globalThis as unknown as { tell(told: unknown): void }).tell(data.told)
        else if (data.error === undefined) resolve(data.value)
        else reject(new Error(data.error))
      }
      worker.postMessage({ source, argument })
    })
  } finally {
    worker.terminate()
  }
}

/** Runs a test's code here. */
async function onPage(source: string, argument: unknown): Promise<unknown> {
  const run = new Function(`return ${source}`)() as (tools: typeof toolbox, argument: unknown) => unknown
  return run(toolbox, argument)
}

Object.assign(globalThis, { inWorker, onPage })
