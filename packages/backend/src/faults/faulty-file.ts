import { BackendError } from '../backend-error.js'
import type { BackendFile } from '../file-backend.js'
import type { CallSubject } from './backend-call.js'
import type { Alternatives, CallDirector } from './call-director.js'

/** @internal A file of a `faultyBackend`, under the name it was opened with. */
export function faultyFile(director: CallDirector, name: string, inner: BackendFile): BackendFile {
  const underWay = new Set<Promise<unknown>>()
  let closing = false

  const call = async <T>(subject: CallSubject, effect: () => Promise<T>, shorten?: Alternatives<T>['shorten']): Promise<T> => {
    // The inner file is closed only once the calls under way are done: a held one may still be, but none may follow.
    if (closing) return director.call(subject, () => Promise.reject(new BackendError('IO', `${name} is closed`)))
    const running = director.call(subject, effect, shorten && { shorten })
    underWay.add(running)
    return running.finally(() => underWay.delete(running))
  }

  const file: BackendFile = {
    size: () => call({ kind: 'size', name }, () => inner.size()),
    read: (target, position) =>
      call(
        { kind: 'read', name, position, size: target.length },
        () => inner.read(target, position),
        async (left) => shortRead(target, await inner.read(target, position), left),
      ),
    append: (chunks, position) => {
      const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
      return call(
        { kind: 'append', name, position, size },
        () => inner.append(chunks, position),
        async (left, failure) => {
          const kept = firstBytes(chunks, within(left(size), size))
          if (kept.length > 0) await inner.append(kept, position)
          throw failure
        },
      )
    },
    truncate: (size) => call({ kind: 'truncate', name, position: size }, () => inner.truncate(size)),
    sync: (rewriteFrom) => call({ kind: 'sync', name, position: rewriteFrom }, () => inner.sync(rewriteFrom)),
    close: () =>
      director.call({ kind: 'close', name }, async () => {
        closing = true
        await Promise.race([Promise.allSettled(underWay), director.ended])
        await inner.close()
        director.holdings.delete(file)
      }),
  }
  const { readSync } = inner
  if (readSync) {
    file.readSync = (target, position) =>
      director.callSync({ kind: 'readSync', name, position, size: target.length }, () => readSync.call(inner, target, position), {
        shorten: (left) => shortRead(target, readSync.call(inner, target, position), left),
      })
  }
  const { sizeSync } = inner
  if (sizeSync) file.sizeSync = () => director.callSync({ kind: 'sizeSync', name }, () => sizeSync.call(inner), {})
  director.holdings.add(file, name, () => inner.close())
  return file
}

function shortRead(target: Uint8Array, size: number, left: (size: number) => number): number {
  const given = within(left(size), size)
  // What lies behind the count is undefined by the contract: whoever uses it shall notice.
  target.fill(0xdb, given)
  return given
}

function within(bytes: number, size: number): number {
  return Math.max(0, Math.min(Math.trunc(bytes), size))
}

function firstBytes(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const kept: Uint8Array[] = []
  let left = bytes
  for (const chunk of chunks) {
    if (left <= 0) break
    kept.push(chunk.subarray(0, left))
    left -= chunk.length
  }
  return kept
}
