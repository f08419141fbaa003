import { describeBackend } from '@varve/backend/conformance'
import { beforeAll, describe } from 'vitest'
import { backendAt, endpoint, freshPrefix, makeBucket, needsCluster } from './cluster.js'

describe.skipIf(!endpoint)(`on a real object store${needsCluster}`, () => {
  beforeAll(() => makeBucket())

  describeBackend('s3Backend', {
    make: () => {
      const prefix = freshPrefix()
      return { backend: backendAt(prefix, { idleInterval: 0 }), reopen: () => backendAt(prefix, { idleInterval: 0 }) }
    },
  })
})
