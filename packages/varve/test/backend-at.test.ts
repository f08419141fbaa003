import { pathToFileURL } from 'node:url'
import { BackendError, backendAt, open, parseStoreName, VarveError } from 'varve'
import { describe, expect, test } from 'vitest'

describe('the name of a store', () => {
  test.each([
    ['./blocks', { kind: 'directory', path: './blocks' }],
    ['blocks:1', { kind: 'directory', path: 'blocks:1' }],
    ['C:\\blocks', { kind: 'directory', path: 'C:\\blocks' }],
    ['./s3://x', { kind: 'directory', path: './s3://x' }],
    [pathToFileURL('/srv/my blocks').href, { kind: 'directory', path: '/srv/my blocks' }],
    [pathToFileURL('/srv/blocks'), { kind: 'directory', path: '/srv/blocks' }],
    ['memory:', { kind: 'memory' }],
    ['s3://bucket', { kind: 's3', bucket: 'bucket', prefix: '' }],
    ['s3://bucket/logs?takeover', { kind: 's3', bucket: 'bucket', prefix: 'logs', takeover: true }],
    ['s3://bucket?takeover', { kind: 's3', bucket: 'bucket', prefix: '', takeover: true }],
    ['s3://bucket/logs/orders/', { kind: 's3', bucket: 'bucket', prefix: 'logs/orders' }],
  ])('%s says where it is', (name, place) => {
    expect(parseStoreName(name)).toEqual(place)
  })

  test.each(['', 's3://', 's3:///prefix', 's3:bucket', 's3://bucket/a?b=c', 'memory:x', 'http://example.com', 'ftp://a/b'])(
    '%j is none',
    (name) => {
      expect(() => parseStoreName(name)).toThrow(TypeError)
    },
  )
})

test('a store in memory is a new one each time', async () => {
  await using db = await open('memory:')
  await db.add(Buffer.from('gone'), { durable: true })
  await using other = await open('memory:')
  expect((await other.stats()).nextSequence).toBe(0)
})

test('what is not installed is UNSUPPORTED, with what to install', async () => {
  const backend = await backendAt('s3://bucket/prefix').catch((error: unknown) => error)
  // Where it is installed it says where it is.
  if (backend instanceof Error) {
    expect(backend).toBeInstanceOf(VarveError)
    expect(backend).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringMatching(/npm install @varve\/s3-backend/) })
  } else expect(backend).toHaveProperty('description', expect.stringMatching(/bucket/))
  expect(BackendError.is(backend)).toBe(false)
})
