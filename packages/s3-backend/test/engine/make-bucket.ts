import { makeBucket } from '../cluster/cluster.js'

/** Once, before the engine's tests: a cluster that was just started has no bucket. */
export async function setup(): Promise<void> {
  await makeBucket()
}
