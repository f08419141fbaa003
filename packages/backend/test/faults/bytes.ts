import type { BackendFile, FileBackend } from '@varve/backend'
import type { CrashState, CrashStateOptions, PowerLossBackend } from '@varve/backend/faults'

/** `text('ab')` is two bytes that read as they were written. */
export function text(letters: string): Uint8Array {
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0))
}

/** Bytes as letters, zeros as `.` and everything else as `#`. */
export function letters(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Array.from(bytes, (byte) => (byte === 0 ? '.' : byte >= 0x61 && byte <= 0x7a ? String.fromCharCode(byte) : '#')).join('')
}

/** All that is in a file, or undefined where there is none. */
export async function contentOf(backend: FileBackend, name: string): Promise<string | undefined> {
  if (!(await backend.list()).includes(name)) return undefined
  const file = await backend.open(name)
  const content = await read(file)
  await file.close()
  return content
}

async function read(file: BackendFile): Promise<string> {
  const bytes = new Uint8Array(await file.size())
  await file.read(bytes, 0)
  return letters(bytes) ?? ''
}

/** A file with these letters, durable. */
export async function durable(backend: FileBackend, name: string, content: string): Promise<BackendFile> {
  const file = await backend.create(name)
  if (content !== '') await file.append([text(content)], 0)
  await file.sync()
  return file
}

/** What a power cut may leave of one file, each as letters; undefined where the file may be gone. No samples, unless they are asked for. */
export function leftOf(disk: PowerLossBackend, name: string, options: CrashStateOptions = {}): (string | undefined)[] {
  return statesOf(disk, options).map(({ files }) => letters(files.get(name)))
}

export function statesOf(disk: PowerLossBackend, options: CrashStateOptions = {}): CrashState[] {
  // With this seed no garbage looks like letters or zeros.
  return [...disk.crashStates({ samples: 0, seed: 5, ...options })]
}

/** A container in one line: `a=abc b=`, names in order. */
export function container(state: Pick<CrashState, 'files'>): string {
  return [...state.files]
    .map(([name, bytes]) => `${name}=${letters(bytes)}`)
    .sort()
    .join(' ')
}

/** The code that a call rejects with, or `done`. */
export async function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'done',
    (error: { code?: unknown }) => error.code ?? error,
  )
}
