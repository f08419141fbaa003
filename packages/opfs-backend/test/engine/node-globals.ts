// What the engine's tests take from Node, for a page. The engine itself gets nothing of it.
import { Buffer } from 'buffer'

interface Page {
  addEventListener(type: 'unhandledrejection', listener: (event: { readonly reason: unknown }) => void): void
  removeEventListener(type: 'unhandledrejection', listener: (event: { readonly reason: unknown }) => void): void
  process?: object
}

const page = globalThis as unknown as Page
const { port1, port2 } = new MessageChannel() as unknown as Record<
  'port1' | 'port2',
  { onmessage: () => void; postMessage(message: unknown): void }
>
const turns: { callback: (() => void) | undefined }[] = []
port1.onmessage = () => turns.shift()?.callback?.()

const listeners = new Map<(reason: unknown) => void, (event: { readonly reason: unknown }) => void>()

Object.assign(globalThis, {
  Buffer,
  setImmediate(callback: () => void) {
    const turn = { callback }
    turns.push(turn)
    port2.postMessage(0)
    return turn
  },
  clearImmediate(turn: (typeof turns)[number]) {
    turn.callback = undefined
  },
})

page.process = {
  ...page.process,
  on(_event: string, listener: (reason: unknown) => void) {
    const onPage = ({ reason }: { readonly reason: unknown }) => listener(reason)
    listeners.set(listener, onPage)
    page.addEventListener('unhandledrejection', onPage)
  },
  off(_event: string, listener: (reason: unknown) => void) {
    page.removeEventListener('unhandledrejection', listeners.get(listener)!)
    listeners.delete(listener)
  },
}
