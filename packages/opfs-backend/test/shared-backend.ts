import { BackendError, type BackendFile, type BackendLock, type FileBackend } from '@varve/backend'
import type { Page } from 'playwright'

interface Call {
  readonly target: number | undefined
  readonly method: string
  readonly args: readonly unknown[]
}

/** Puts a backend of this process into a page, as `nodeBackend`: what an upload would be, without a network. */
export async function shareBackend(page: Page, backend: FileBackend): Promise<void> {
  const targets: (FileBackend | BackendFile | BackendLock)[] = [backend]
  await page.exposeFunction('callNode', async ({ target = 0, method, args }: Call) => {
    try {
      return { value: await call(targets, target, method, args) }
    } catch (error) {
      if (!BackendError.is(error)) throw error
      return { error: { code: error.code, message: error.message } }
    }
  })
  await page.evaluate(defineNodeBackend)
}

async function call(
  targets: (FileBackend | BackendFile | BackendLock)[],
  target: number,
  method: string,
  args: readonly unknown[],
): Promise<unknown> {
  const receiver = targets[target] as unknown as { [method: string]: (...args: unknown[]) => Promise<unknown> }
  if (method === 'read') {
    const bytes = new Uint8Array(args[0] as number)
    return [...bytes.subarray(0, (await receiver.read!(bytes, args[1])) as number)]
  }
  if (method === 'append') return receiver.append!([Uint8Array.from(args[0] as number[])], args[1])
  const value = await receiver[method]!(...args)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return { target: targets.push(value as BackendFile | BackendLock) - 1, description: String((value as BackendLock).description) }
}

// Runs on the page: nothing from outside of it is there.
function defineNodeBackend(): void {
  const page = globalThis as unknown as {
    callNode(call: unknown): Promise<{ readonly value?: never; readonly error?: { readonly code: string; readonly message: string } }>
    nodeBackend: unknown
  }
  const callNode = async (target: number | undefined, method: string, ...args: unknown[]): Promise<never> => {
    const { value, error } = await page.callNode({ target, method, args })
    if (error) throw Object.assign(new Error(error.message), { name: 'BackendError', code: error.code })
    return value as never
  }
  const file = ({ target }: { readonly target: number }) => ({
    size: () => callNode(target, 'size'),
    async read(into: Uint8Array, position: number) {
      const bytes: number[] = await callNode(target, 'read', into.length, position)
      into.set(bytes)
      return bytes.length
    },
    append: (chunks: readonly Uint8Array[], position: number) =>
      callNode(
        target,
        'append',
        chunks.flatMap((chunk) => [...chunk]),
        position,
      ),
    truncate: (size: number) => callNode(target, 'truncate', size),
    sync: (from?: number) => callNode(target, 'sync', ...(from === undefined ? [] : [from])),
    close: () => callNode(target, 'close'),
  })
  page.nodeBackend = {
    description: 'a backend of Node',
    list: () => callNode(0, 'list'),
    open: async (name: string) => file(await callNode(0, 'open', name)),
    create: async (name: string) => file(await callNode(0, 'create', name)),
    replace: (from: string, to: string) => callNode(0, 'replace', from, to),
    remove: (name: string) => callNode(0, 'remove', name),
    destroy: () => callNode(0, 'destroy'),
    async lock() {
      const { target, description }: { readonly target: number; readonly description: string } = await callNode(0, 'lock')
      return { description, release: () => callNode(target, 'release') }
    },
  }
}
