/** Time, as the engine knows it. Tests bring their own. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump in either direction. */
  now(): number
  /** Calls back after so many milliseconds, whatever `now` does. Returns the way to take it back. `holdsProcess`: whether a program may not end by itself meanwhile. */
  after(delay: number, holdsProcess: boolean, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delay, holdsProcess, callback) {
    const timer = setTimeout(callback, delay)
    // In browsers a timer is a number and holds nothing.
    if (!holdsProcess) (timer as { unref?: () => void }).unref?.()
    return () => clearTimeout(timer)
  },
}
