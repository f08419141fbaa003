import { join } from 'node:path'
import { KillLoop, type KillTally } from '../processes/kill-loop.js'
import { ext4InFile } from './scratch-file-system.js'
import { shutDown } from './shut-down.js'

export interface PowerCutOptions {
  readonly program: string
  /** An empty directory on a disk. */
  readonly directory: string
  readonly cuts: number
  readonly seed: number
  /** As `mount -o` has them. */
  readonly mountOptions: string
  readonly onCut?: (tally: KillTally) => void
}

/** Lets a writer work on an ext4, cuts that off its medium, and looks at what the journal brings back: again and again. */
export async function powerCuts({ program, directory, cuts, seed, mountOptions, onCut }: PowerCutOptions): Promise<KillTally> {
  const disk = ext4InFile(join(directory, 'ext4'), { mountOptions })
  try {
    disk.mount()
    const loop = new KillLoop({
      program,
      directory: join(disk.path, 'store'),
      cycles: cuts,
      seed,
      // What it meets between the cut and its end is an error of the medium.
      job: { onFaultyMedium: true, settings: { timeout: 500 } },
      async interrupt(writer) {
        // Nothing is read between the cut and this: whatever was told since then is still to come.
        writer.believeUntil(shutDown(disk.path))
        writer.kill()
        await writer.ended()
        disk.unmount()
        disk.mount()
      },
      ...(onCut && { onCycle: onCut }),
    })
    return await loop.run()
  } finally {
    disk.dispose()
  }
}
