import { describeBackend } from '@varve/backend/conformance'
import { open } from 'varve'
import { expect, test } from 'vitest'
import { type MapMedium, mapBackend } from './map-backend.js'

describeBackend('a backend of your own', {
  make: () => {
    const medium: MapMedium = { files: new Map() }
    return { backend: mapBackend(medium), reopen: () => mapBackend(medium) }
  },
})

test('a store runs on a backend of your own', async () => {
  const medium: MapMedium = { files: new Map() }
  const db = await open(mapBackend(medium))
  const location = await db.add(Buffer.from('sediment'), { durable: true })
  await db.stop()

  await using again = await open(mapBackend(medium))
  expect(Buffer.from((await again.read(location)) ?? []).toString()).toBe('sediment')
})
