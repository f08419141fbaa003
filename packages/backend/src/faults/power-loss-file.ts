import { BackendError } from '../backend-error.js'
import type { BackendFile } from '../file-backend.js'
import type { DurableFile } from './durable-file.js'
import type { Step, StepSubject } from './step-teller.js'

/** @internal What a handle needs of the disk it is on. */
export interface HandleSurroundings {
  /** What it was opened as. */
  readonly name: string
  readonly readSync: boolean
  readonly begin: (subject: StepSubject) => Step
  /** What a sync of now is to fail with. */
  readonly takeFailure: () => BackendError | undefined
  readonly changed: () => void
  readonly closed: () => void
}

/** @internal A handle of a file on a `powerLossBackend`. */
export function powerLossFile(file: DurableFile, disk: HandleSurroundings): BackendFile {
  const { name } = disk
  let open = true
  const underWay = new Set<Promise<void>>()

  const assertOpen = () => {
    if (!open) throw new BackendError('IO', `${name} is closed`)
  }
  const read = (target: Uint8Array, position: number) => {
    assertOpen()
    return file.read(target, position)
  }
  const run = async (step: Step, effect: (step: Step) => Promise<void>) => {
    await step.tell('before')
    try {
      await effect(step)
    } finally {
      disk.changed()
      await step.tell('after')
    }
  }
  const step = async (kind: 'append' | 'truncate' | 'sync', effect: (step: Step) => Promise<void>) => {
    assertOpen()
    const running = run(disk.begin({ kind, name }), effect)
    underWay.add(running)
    await running.finally(() => underWay.delete(running))
  }

  return {
    size: async () => {
      assertOpen()
      return file.size
    },
    read: async (target, position) => read(target, position),
    ...(disk.readSync && {
      readSync: read,
      sizeSync: () => {
        assertOpen()
        return file.size
      },
    }),
    append: (chunks, position) =>
      step('append', async ({ letOthersRun }) => {
        await letOthersRun()
        if (position !== file.size) throw new BackendError('CONFLICT', `append to ${name} at ${position}, which ends at ${file.size}`)
        file.append(chunks)
      }),
    truncate: (size) =>
      step('truncate', async ({ letOthersRun }) => {
        await letOthersRun()
        if (!Number.isInteger(size) || size < 0 || size > file.size)
          throw new BackendError('CONFLICT', `truncate ${name} to ${size}, which ends at ${file.size}`)
        file.cut(size)
      }),
    sync: (rewriteFrom) =>
      step('sync', async ({ letOthersRun, tell }) => {
        const sync = file.beginSync(rewriteFrom)
        await letOthersRun()
        await tell('during')
        const failure = disk.takeFailure()
        if (failure) {
          file.loseSync(sync)
          throw failure
        }
        file.finishSync(sync)
      }),
    close: async () => {
      if (open) disk.closed()
      open = false
      await Promise.allSettled(underWay)
    },
  }
}
