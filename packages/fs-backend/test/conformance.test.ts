import { join } from 'node:path'
import { describeBackend } from '@varve/backend/conformance'
import { fsBackend } from '@varve/fs-backend'
import { temporaryDirectory } from './temporary-directory.js'

describeBackend('the fs backend', {
  make: () => {
    const path = join(temporaryDirectory(), 'store')
    return { backend: fsBackend(path), reopen: () => fsBackend(path) }
  },
})
