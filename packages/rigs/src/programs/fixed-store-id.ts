import { seededRandom } from '@varve/backend/faults'

const system = crypto.getRandomValues.bind(crypto)

/**
 * While `action` runs, a new store gets an id made from `seed`. The engine asks the platform for nothing else that is random, and a platform's
 * randomness can't be injected otherwise.
 */
export async function withStoreId<T>(seed: number, action: () => Promise<T>): Promise<T> {
  const random = seededRandom(seed)
  crypto.getRandomValues = ((target: Uint8Array) => target.map((_, at) => (target[at] = random(256)))) as typeof system
  try {
    return await action()
  } finally {
    crypto.getRandomValues = system
  }
}
