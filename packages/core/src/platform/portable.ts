import { tableCrc32 } from './crc32-table.js'
import type { Platform } from './platform.js'

// Taken once at load: a test's fake timers must not stop the engine.
const { setTimeout } = globalThis

// A message to oneself comes back a turn later, without the 4 ms that browsers add to nested timeouts.
const turns: (() => void)[] = []
let post: (() => void) | undefined

function makePost(): () => void {
  if (typeof MessageChannel === 'undefined') return () => void setTimeout(runTurn, 0)
  const { port1, port2 } = new MessageChannel() as unknown as Record<'port1' | 'port2', Port>
  port1.onmessage = runTurn
  // Where a port would keep the program from ending: a turn that is due is never all that a program waits for.
  port1.unref?.()
  return () => port2.postMessage(0)
}

interface Port {
  onmessage: (() => void) | null
  postMessage(message: unknown): void
  unref?(): void
}

function runTurn(): void {
  turns.shift()?.()
}

export const portablePlatform: Platform = {
  crc32: (bytes, seed, start = 0, end = bytes.length) => tableCrc32(bytes, seed, start, end),
  allocateSlab: (size) => new Uint8Array(size),
  allocateItem: (size) => new Uint8Array(size),
  nextTurn(callback) {
    turns.push(callback)
    post ??= makePost()
    post()
  },
  // A page or worker is never told that it ends by itself.
  onNaturalExit: () => () => {},
}

export { portablePlatform as platform }
