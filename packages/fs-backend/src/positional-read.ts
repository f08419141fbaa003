import { read, readSync } from 'node:fs'
import { maxTransfer } from './raw-fs.js'

/** Fills `target` from `position` on, and resolves to how many bytes there were: fewer only where the file ends. */
export function readAt(fd: number, target: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    assertPosition(position)
    const length = target.byteLength
    let done = 0
    const step = () => {
      read(fd, target, done, Math.min(length - done, maxTransfer), position + done, (error, count) => {
        if (error) return reject(error)
        done += count
        if (count === 0 || done === length) resolve(done)
        else step()
      })
    }
    step()
  })
}

/** The same at once. */
export function readAtSync(fd: number, target: Uint8Array, position: number): number {
  assertPosition(position)
  const length = target.byteLength
  let done = 0
  while (done < length) {
    const count = readSync(fd, target, done, Math.min(length - done, maxTransfer), position + done)
    if (count === 0) break
    done += count
  }
  return done
}

// To the system a negative position is the place where the last read ended.
function assertPosition(position: number): void {
  if (!(Number.isSafeInteger(position) && position >= 0)) throw new RangeError(`${position} is not a position in a file`)
}
