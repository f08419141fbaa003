import { toolbox } from './toolbox.js'

const scope = globalThis as unknown as {
  onmessage: (event: { readonly data: { readonly source: string; readonly argument: unknown } }) => void
  postMessage(message: unknown): void
}

scope.onmessage = async ({ data: { source, argument } }) => {
  try {
    const run = new Function(`return ${source}`)() as (tools: typeof toolbox, argument: unknown) => unknown
    scope.postMessage({ value: await run(toolbox, argument) })
  } catch (error) {
    scope.postMessage({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}
