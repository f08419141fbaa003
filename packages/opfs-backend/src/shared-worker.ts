import { BackendError } from '@varve/backend'
import { messageOf } from './opfs-error.js'
import type { MessageEndpoint } from './web-platform.js'

declare const Worker: new (url: URL, options: { readonly type: 'module' }) => MessageEndpoint

let worker: MessageEndpoint | undefined

/** The worker that all backends of the page have in common, started when it is first asked for. */
export function sharedWorker(): MessageEndpoint {
  try {
    // In these very words, which bundlers know, and from the folder that the worker's file is in.
    return (worker ??= new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }))
  } catch (error) {
    throw new BackendError('UNSUPPORTED', `opfs: no worker can be started here: ${messageOf(error)}`, { cause: error })
  }
}
