import { beforeAll, describe, expect, test } from 'vitest'
import { everyCrashPoint } from '../support/crash-points.js'
import { inspectable } from '../support/inspectable.js'
import { bucket, credentials, endpoint, freshPrefix, makeBucket, needsCluster } from './cluster.js'

describe.skipIf(!endpoint)(`a crash${needsCluster}`, () => {
  beforeAll(() => makeBucket())

  test('between any two requests leaves what was or what was to be, and the next writer tidies up', { timeout: 600_000 }, async () => {
    const upstream = String(endpoint)
    const points = await everyCrashPoint({
      openAt: (prefix, at = upstream) =>
        inspectable({ bucket, credentials, prefix, endpoint: at, retryFor: 0, partsPerMerge: 3, takeover: true }),
      upstream,
      prefix: freshPrefix(),
      stride: 1,
      parallel: 8,
    })
    expect(points).toBeGreaterThan(150)
  })
})
