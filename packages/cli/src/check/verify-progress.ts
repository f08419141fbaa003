import type { VerifyProgress } from '@varve/core'
import { startProgress } from '../terminal/progress.js'
import type { Output } from '../terminal/terminal.js'

/** Shows how far a verify or a repair is that reads so many bytes. */
export async function showingProgress<T>(
  err: Output,
  { label, totalBytes }: { readonly label: string; readonly totalBytes: number },
  work: (onProgress: (progress: VerifyProgress) => void) => Promise<T>,
): Promise<T> {
  const progress = startProgress(err, label, totalBytes)
  let done = 0
  try {
    const result = await work(({ bytes }) => {
      progress.advance(bytes - done)
      done = bytes
    })
    // The last step is not told.
    if (done < totalBytes) progress.advance(totalBytes - done)
    return result
  } finally {
    progress.stop()
  }
}
