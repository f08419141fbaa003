import type * as fs from 'node:fs'

type Fs = typeof fs

/** Calls of `node:fs` that a test takes over; the rest goes to the system. `vi.mock('node:fs', faultyFs)` puts it in place. */
export const faults: { -readonly [name in keyof Fs]?: unknown } = {}

export function clearFaults(): void {
  for (const name of Object.keys(faults) as (keyof Fs)[]) delete faults[name]
}

export async function faultyFs(importOriginal: () => Promise<unknown>): Promise<object> {
  const original = (await importOriginal()) as Fs
  const module: { [name: string]: unknown } = {}
  for (const [name, value] of Object.entries(original)) {
    const isCall = typeof value === 'function' && /^[a-z]/.test(name)
    // Looked up at each call: the sources take hold of these functions when they are imported.
    module[name] = isCall
      ? (...args: unknown[]) => ((faults[name as keyof Fs] ?? value) as (...args: unknown[]) => unknown)(...args)
      : value
  }
  return { ...module, default: module }
}

/** An error as the system gives it. */
export function systemError(code: string, syscall = 'call'): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: injected, ${syscall}`), { code, syscall })
}

/** A call that fails: the callback, where there is one, is given the error; else it is thrown. */
export function failing(code: string) {
  return (...args: unknown[]) => {
    const callback = args.at(-1)
    if (typeof callback === 'function') process.nextTick(callback as () => void, systemError(code))
    else throw systemError(code)
  }
}

type Write = (fd: number, chunks: readonly Uint8Array[], position: number) => number

/** Takes the writing of bytes over, whichever way they go: at once, or by another thread. */
export function takeWritesOver(write: Write): void {
  faults.writevSync = write
  faults.writev = (fd: number, chunks: readonly Uint8Array[], position: number, callback: (error: unknown, written: number) => void) => {
    let written = 0
    try {
      written = write(fd, chunks, position)
    } catch (error) {
      return process.nextTick(callback, error, 0)
    }
    process.nextTick(callback, null, written)
  }
}
