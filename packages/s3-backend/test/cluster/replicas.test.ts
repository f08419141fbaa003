import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Varve } from '@varve/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { bytes } from '../support/stored-files.js'
import { backendAt, endpoint, freshPrefix, makeBucket, needsCluster } from './cluster.js'

const script = fileURLToPath(new URL('../../../../scripts/s3-cluster.sh', import.meta.url))
const cluster = process.env.VARVE_TEST_S3_CLUSTER

function tell(...args: readonly string[]): void {
  execFileSync('bash', [script, args[0]!, cluster!, ...args.slice(1)])
}

describe.skipIf(!endpoint || !cluster)(`three replicas${needsCluster}`, () => {
  beforeAll(() => makeBucket())

  test('of which one after the other is killed under load: adds go on, and nothing that was acknowledged is lost', {
    timeout: 300_000,
  }, async () => {
    const prefix = freshPrefix()
    const db = await Varve.open(backendAt(prefix, { partsPerMerge: 64 }), { maxFileSize: 256 * 1024 })
    const acknowledged: Awaited<ReturnType<typeof db.add>>[] = []
    let isOver = false
    const writers = Array.from({ length: 16 }, async () => {
      while (!isOver) acknowledged.push(await db.add(bytes(500, acknowledged.length), { durable: true }))
    })
    const grownBy = async (count: number): Promise<void> => {
      const goal = acknowledged.length + count
      await expect.poll(() => acknowledged.length, { timeout: 60_000, interval: 100 }).toBeGreaterThan(goal)
    }
    for (const replica of ['0', '1', '2']) {
      await grownBy(300)
      tell('kill', replica)
      await grownBy(300)
      tell('revive', replica)
    }
    await grownBy(300)
    isOver = true
    await Promise.all(writers)
    await db.stop()
    const again = await Varve.open(backendAt(prefix), { readOnly: true })
    for (const location of acknowledged) expect((await again.read(location))?.length).toBe(500)
    expect((await again.stats()).nextSequence).toBe(acknowledged.length)
    expect((await again.verify()).damages).toEqual([])
    await again.stop()
  })
})
