import { act, type Fault, type PowerLossBackend } from '@varve/backend/faults'

/** A sync fails as on Linux: reads go on to show its pages, the next sync succeeds and does not write them. */
export function losesPages(disk: PowerLossBackend): Fault {
  return act('fails, and its pages are lost', ({ name }) => {
    if (name !== undefined) disk.failNextSync({ of: { name } })
  })
}

/** A name changes, and is not made durable: a power cut may undo it until the next `lock`. */
export function losesName(disk: PowerLossBackend): Fault {
  return act('takes effect, but the directory can not be synced', ({ kind, name = '' }) => {
    // Only a call that gets as far as that: a failure that nothing uses up would strike another.
    if (disk.contents().has(name) !== (kind === 'create')) disk.failNextSync({ of: 'directory' })
  })
}
