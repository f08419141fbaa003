import type { CaseName } from '../case-name.js'
import { runNamedCase } from './conformance-case.js'

const scope = globalThis as unknown as {
  onmessage: (event: { readonly data: { readonly id: number; readonly name: CaseName } }) => void
  postMessage(message: unknown): void
}

scope.onmessage = async ({ data: { id, name } }) => {
  const error = await runNamedCase(name).then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)),
  )
  scope.postMessage({ id, error })
}
