import { describeBackend } from '@varve/backend/conformance'
import { s3Backend } from '@varve/s3-backend'
import { startObjectServer } from './support/object-server.js'

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }

// The protocol as this package understands it; what real stores make of it is in cluster/.
describeBackend('s3Backend on objects in memory', {
  make: async () => {
    const server = await startObjectServer()
    const open = () => s3Backend({ bucket: 'bucket', prefix: 'some/where', endpoint: server.endpoint, credentials, idleInterval: 0 })
    return { backend: open(), reopen: open, dispose: () => server.close() }
  },
})
