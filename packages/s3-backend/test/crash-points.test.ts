import { expect, test } from 'vitest'
import { everyCrashPoint } from './support/crash-points.js'
import { inspectable } from './support/inspectable.js'
import { startObjectServer } from './support/object-server.js'

// Between every two requests it is tried on a real store, see cluster/.
test('a crash between two requests leaves what was before the call or what it was to make, and the next writer tidies up', async () => {
  const server = await startObjectServer()
  const points = await everyCrashPoint({
    openAt: (prefix, endpoint = server.endpoint) => inspectable({ prefix, endpoint, retryFor: 0, partsPerMerge: 3, takeover: true }),
    upstream: server.endpoint,
    prefix: 'crash',
    stride: 15,
    parallel: 4,
  })
  expect(points).toBeGreaterThan(10)
  await server.close()
})
