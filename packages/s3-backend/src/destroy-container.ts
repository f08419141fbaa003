import { BackendError } from '@varve/backend'
import type { Container } from './container.js'
import { EMPTY, liveParts } from './manifest.js'

/**
 * Deletes every object of a container that has no files. What is left, where there ever was a file or a lock, is the last manifest, of some hundred
 * bytes, and the fences: without them a writer that slept all the while would go on as if it still held the lock.
 */
export async function destroyContainer({ chain, store, keys, description }: Container): Promise<void> {
  await chain.refresh()
  if (chain.current.sequence === 0) return
  let isDestroyed = false
  await chain.update((current) => {
    isDestroyed = false
    if (current.holder) throw new BackendError('LOCKED', `${description} is held: ${current.holder.description}`)
    if (current.files.size > 0) return undefined
    isDestroyed = true
    return { ...EMPTY, epoch: current.epoch + 1, recent: current.recent.slice(-1), sequence: current.sequence }
  })
  if (!isDestroyed) return
  const found: { readonly key: string; readonly size: number }[] = []
  for await (const page of store.list(keys.data)) found.push(...page.filter(({ size }) => size > 0))
  // Somebody may have begun anew meanwhile.
  await chain.refresh()
  const isLive = liveParts(chain.current)
  const dead = found.filter(({ key, size }) => {
    const part = keys.partOf(key)
    return part !== undefined && !isLive(part.path, part.position, size)
  })
  const outdated = await chain.outdated()
  await Promise.all([...dead.map(({ key }) => key), ...outdated].map((key) => store.delete(key)))
}
