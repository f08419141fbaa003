import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fail, faultyBackend, powerLossBackend } from '@varve/backend/faults'
import { KiB, open, type Varve } from 'varve'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { uploadService } from './upload-service.js'

const disk = () => faultyBackend(powerLossBackend())
let backend: ReturnType<typeof disk>
let db: Varve
let server: Server
let origin: string

beforeEach(async () => {
  backend = disk()
  db = await open(backend)
  server = uploadService(db, { maxUploadSize: 64 * KiB }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await db.stop()
})

const upload = (body: Uint8Array<ArrayBuffer> | string) => fetch(`${origin}/uploads`, { method: 'POST', body })

test('what was uploaded is downloaded again', async () => {
  const body = new Uint8Array(50 * KiB).map((_, n) => n % 251)
  const answer = await upload(body)
  expect(answer.status).toBe(201)
  const download = await fetch(origin + answer.headers.get('Location'))
  expect(new Uint8Array(await download.arrayBuffer())).toEqual(body)
})

test('it is on stable storage when the answer comes', async () => {
  await upload('kept')
  expect((await db.stats()).durableSequence).toBe(1)
})

test.each([
  ['nothing', '', 400],
  ['too much', 'x'.repeat(64 * KiB + 1), 413],
])('%s is refused', async (_, body, status) => {
  expect((await upload(body)).status).toBe(status)
})

test.each(['0:45:9', '7:44:1', 'elsewhere'])('what was never uploaded is not found: %s', async (place) => {
  await upload('something')
  await db.flush()
  expect((await fetch(`${origin}/uploads/${place}`)).status).toBe(404)
})

test('a full disk is told, and the service goes on', async () => {
  backend.inject({ kind: 'append', fault: fail('NO_SPACE') })
  expect((await upload('no room')).status).toBe(507)
  expect((await upload('room again')).status).toBe(201)
})
