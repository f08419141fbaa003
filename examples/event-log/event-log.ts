import { readFile, rename, writeFile } from 'node:fs/promises'
import { open, type Varve } from 'varve'

/** Something that happened. The log gives it its number. */
export interface LoggedEvent {
  readonly type: string
  readonly [name: string]: unknown
}

/** Appends events, and resolves once they are on stable storage. Those that are appended at the same time share one sync. */
export async function appendEvent(log: Varve, event: LoggedEvent): Promise<void> {
  await log.add(new TextEncoder().encode(JSON.stringify(event)), { durable: true })
}

export interface FollowOptions {
  /** The file that says how far this follower is. */
  readonly checkpoint: string
  readonly onEvent: (event: LoggedEvent, sequence: number) => Promise<void> | void
  readonly signal?: AbortSignal
}

/**
 * Handles every event of a log that another process writes, in order, and goes on where it was when it is started again. The checkpoint is
 * written after the event was handled: a follower that is killed in between handles that one again, so `onEvent` should not mind.
 */
export async function followEvents(path: string, { checkpoint, onEvent, signal }: FollowOptions): Promise<void> {
  await using log = await open(path, { readOnly: true })
  const next = Number(await readFile(checkpoint, 'utf8').catch(() => '0'))
  for await (const { sequence, data } of log.scan({ from: { sequence: next }, follow: true, ...(signal && { signal }) })) {
    await onEvent(JSON.parse(new TextDecoder().decode(data)), sequence)
    // In one step: a checkpoint that was half written would be none.
    await writeFile(`${checkpoint}.new`, String(sequence + 1))
    await rename(`${checkpoint}.new`, checkpoint)
  }
}
