import { conformanceSuite, runCase, type TestContainer } from '@varve/backend/conformance'
import { type MessageEndpoint, opfsBackend, opfsPageBackend } from '@varve/opfs-backend'
import type { CaseName } from '../case-name.js'

declare const Worker: new (
  url: URL,
  options: { readonly type: 'module' },
) => { terminate(): void } & NonNullable<NonNullable<Parameters<typeof opfsPageBackend>[1]>['worker']>

let other: MessageEndpoint | undefined
let count = 0

/** Runs one case of the suite on a directory of its own. Whoever stands in for another process is another worker. */
export async function runNamedCase({ topic, index, backend }: CaseName): Promise<void> {
  const make = (): TestContainer => {
    const path = `conformance/${backend}-${Date.now()}-${++count}`
    return {
      backend: backend === 'worker' ? opfsBackend(path) : opfsPageBackend(path),
      reopen() {
        other ??= new Worker(new URL('../../src/worker.ts', import.meta.url), { type: 'module' })
        return opfsPageBackend(path, { worker: other })
      },
    }
  }
  await runCase(conformanceSuite[topic]![index]!, make)
}
