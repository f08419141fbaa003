import { describeBackend } from '@varve/backend/conformance'
import { memoryBackend } from '@varve/memory-backend'
import { Volume } from 'memfs'

describeBackend('the memory backend', {
  make: () => {
    const volume = new Volume()
    return { backend: memoryBackend({ volume }), reopen: () => memoryBackend({ volume }) }
  },
})
