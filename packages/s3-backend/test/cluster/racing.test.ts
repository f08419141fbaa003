import { beforeAll, describe, expect, test } from 'vitest'
import { bytes, contentOf } from '../support/stored-files.js'
import { backendAt, endpoint, freshPrefix, makeBucket, needsCluster } from './cluster.js'

const RACERS = 16
const ROUNDS = 40

describe.skipIf(!endpoint)(`${RACERS} racing writers${needsCluster}`, () => {
  beforeAll(() => makeBucket())

  async function race<T>(
    run: (racer: number) => Promise<T>,
  ): Promise<{ readonly winners: readonly number[]; readonly codes: readonly string[] }> {
    const results = await Promise.allSettled(Array.from({ length: RACERS }, (_, racer) => run(racer)))
    return {
      winners: results.flatMap(({ status }, racer) => (status === 'fulfilled' ? [racer] : [])),
      codes: results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code as string] : [])),
    }
  }

  test(`that extend one file: in each of ${ROUNDS} rounds one is first, and all others get CONFLICT`, { timeout: 600_000 }, async () => {
    const prefix = freshPrefix()
    await (await backendAt(prefix).create('a')).close()
    let expected = Buffer.alloc(0)
    for (let round = 0; round < ROUNDS; round++) {
      const files = await Promise.all(Array.from({ length: RACERS }, () => backendAt(prefix).open('a')))
      const { winners, codes } = await race((racer) => files[racer]!.append([bytes(10, round * RACERS + racer)], round * 10))
      expect(winners).toHaveLength(1)
      expect(new Set(codes)).toEqual(new Set(['CONFLICT']))
      expected = Buffer.concat([expected, bytes(10, round * RACERS + winners[0]!)])
      expect(Buffer.from(await contentOf(await backendAt(prefix).open('a'))).equals(expected)).toBe(true)
    }
  })

  test(`that take over the lock: in each of ${ROUNDS} rounds one gets it, and the one before can't write any more`, {
    timeout: 600_000,
  }, async () => {
    const prefix = freshPrefix()
    const first = backendAt(prefix)
    let lock = await first.lock()
    let file = await first.create('a')
    for (let round = 0; round < ROUNDS; round++) {
      const backends = Array.from({ length: RACERS }, () => backendAt(prefix, { takeover: true }))
      const locks = new Map<number, typeof lock>()
      // The holder goes on all the while: what it is told was appended has to be there.
      const held = file
      let kept = await held.size()
      const goesOn = (async () => {
        for (;;) {
          await held.append([bytes(10, round)], kept)
          kept += 10
        }
      })().catch((error) => error.code)
      const { winners, codes } = await race(async (racer) => void locks.set(racer, await backends[racer]!.lock()))
      expect(winners).toHaveLength(1)
      expect(new Set(codes)).toEqual(new Set(['LOCKED']))
      expect(await goesOn).toBe('CONFLICT')
      expect(lock.lost?.aborted).toBe(true)
      lock = locks.get(winners[0]!)!
      file = await backends[winners[0]!]!.open('a')
      expect(await file.size()).toBe(kept)
    }
    await lock.release()
  })
})
