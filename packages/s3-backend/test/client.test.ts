import { s3Backend } from '@varve/s3-backend'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { resolveOptions } from '../src/options.js'
import { inspectable } from './support/inspectable.js'
import { type Fault, type ObjectServer, startObjectServer } from './support/object-server.js'
import { bytes, errorOf, filesOf } from './support/stored-files.js'

let server: ObjectServer
beforeEach(async () => {
  server = await startObjectServer()
})
afterEach(() => server.close())

const open = (options = {}) => inspectable({ prefix: 'store', endpoint: server.endpoint, ...options })

/** The first requests of this kind meet the fault. */
function failing(fault: Fault, pattern: RegExp, times = 1): void {
  let left = times
  server.fault = (request) => (pattern.test(request) && left-- > 0 ? fault : undefined)
}

describe('a request', () => {
  test.each<[string, Fault]>([
    ['is throttled', { status: 503, code: 'SlowDown' }],
    ['meets an error of the store', { status: 500, code: 'InternalError' }],
    ['meets another conditional put', { status: 409, code: 'ConditionalRequestConflict' }],
    ['is reset before the store has heard of it', 'reset'],
    ['is reset when the store has done it', 'reset afterwards'],
    ['is not answered in time', 'no answer'],
  ])('that %s is sent again, and its effect is there once', async (_, fault) => {
    const backend = open({ requestTimeout: 300 })
    await backend.lock()
    failing(fault, /^PUT .*manifest/)
    const file = await backend.create('a')
    failing(fault, /^PUT .*data/, 2)
    await file.append([bytes(10, 1)], 0)
    await file.append([bytes(10, 2)], 10)
    failing(fault, /^(LIST|GET)/)
    const found = Buffer.concat([bytes(10, 1), bytes(10, 2)]).toString('hex')
    expect(await filesOf(open({ requestTimeout: 300 }))).toEqual({ a: found })
    expect(server.requests.filter((request) => /^PUT .*data/.test(request))).toHaveLength(4)
  })

  test('is given up when its time is over, and says how often it was tried', async () => {
    server.fault = () => ({ status: 503, code: 'SlowDown' })
    const error = await errorOf(open({ retryFor: 200 }).list())
    expect(error).toMatchObject({ code: 'IO' })
    expect(error.message).toMatch(/given up after \d+ attempts: 503 SlowDown as asked & told/)
  })

  test('that hangs ends', async () => {
    server.fault = () => 'no answer'
    const error = await errorOf(open({ requestTimeout: 50, retryFor: 0 }).list())
    expect(error.message).toContain('no answer within 50 ms')
  })

  test('whose append failed, and comes through late, can not come back after the cut', async () => {
    const backend = open({ retryFor: 0 })
    await backend.lock()
    const file = await backend.create('a')
    await file.append([bytes(10, 1)], 0)
    failing('reset afterwards', /^PUT .*data/)
    expect(await errorOf(file.append([bytes(10, 2)], 10))).toMatchObject({ code: 'IO' })
    await file.truncate(10)
    await file.append([bytes(3, 3)], 10)
    const found = Buffer.concat([bytes(10, 1), bytes(3, 3)]).toString('hex')
    expect(await filesOf(backend)).toEqual({ a: found })
    expect(await filesOf(open())).toEqual({ a: found })
  })
})

describe('what the store refuses', () => {
  test.each<[string, Fault, string, RegExp]>([
    ['a wrong access key', { status: 403, code: 'InvalidAccessKeyId' }, 'PERMISSION', /does not know the access key/],
    ['a wrong secret key', { status: 403, code: 'SignatureDoesNotMatch' }, 'PERMISSION', /secret key is wrong/],
    ['credentials that have expired', { status: 400, code: 'ExpiredToken' }, 'PERMISSION', /have expired/],
    ['what these credentials may not do', { status: 403, code: 'AccessDenied' }, 'PERMISSION', /may not do this/],
    ['a refusal without a body', { status: 403 }, 'PERMISSION', /may not do this/],
    ['a missing bucket', { status: 404, code: 'NoSuchBucket' }, 'IO', /no such bucket/],
    ['an exceeded quota', { status: 403, code: 'QuotaExceeded' }, 'NO_SPACE', /no space or quota/],
    ['a full store', { status: 507 }, 'NO_SPACE', /no space or quota/],
    ['what it can not do', { status: 501, code: 'NotImplemented' }, 'UNSUPPORTED', /can not do this/],
    [
      'a clock that is wrong',
      { status: 403, code: 'RequestTimeTooSkewed', headers: { date: new Date(Date.now() + 3_600_000).toUTCString() } },
      'PERMISSION',
      /clock is 3[56]\d\d s behind the store's/,
    ],
    ['something else', { status: 400, code: 'Whatever' }, 'IO', /400 Whatever/],
  ])('as %s has a code and a message of its own, at once', async (_, fault, code, message) => {
    server.fault = () => fault
    const error = await errorOf(open().list())
    expect(error).toMatchObject({ name: 'BackendError', code })
    expect(error.message).toMatch(message)
    expect(error.message).toContain('s3://bucket/store')
    expect(server.requests).toHaveLength(1)
  })

  test('as an object that is gone says which', async () => {
    const backend = open({ cacheBytes: 0 })
    await backend.lock()
    const file = await backend.create('a')
    await file.append([bytes(10, 1)], 0)
    const key = [...server.objects.keys()].find((one) => one.includes('/data/')) as string
    server.objects.delete(key)
    const error = await errorOf(file.read(new Uint8Array(10), 0))
    expect(error.message).toContain(`the object ${key} is missing`)
  })
})

describe('options', () => {
  const environment = {
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9000/',
  }

  test('come from the environment where they are not given', async () => {
    const options = resolveOptions({ bucket: 'bb', prefix: '/x/y/' }, environment)
    expect(options).toMatchObject({
      prefix: 'x/y/',
      region: 'eu-central-1',
      endpoint: 'http://127.0.0.1:9000',
      pathStyle: true,
      takeover: false,
    })
    expect(await options.credentials()).toEqual({ accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token' })
    expect(resolveOptions({ bucket: 'bb' }, { ...environment, AWS_ENDPOINT_URL_S3: 'http://s3' }).endpoint).toBe('http://s3')
    expect(resolveOptions({ bucket: 'bb' }, {})).toMatchObject({
      endpoint: 'https://s3.us-east-1.amazonaws.com',
      pathStyle: false,
      prefix: '',
    })
  })

  test.each([
    [{ bucket: '' }, 'bucket'],
    [{ bucket: 'b/c' }, 'bucket'],
    [{ bucket: 'bb', prefix: 'a/../b' }, 'prefix'],
    [{ bucket: 'bb', prefix: 'a b' }, 'prefix'],
    [{ bucket: 'bb', endpoint: 'ftp://x' }, 'endpoint'],
    [{ bucket: 'bb', requestTimeout: -1 }, 'requestTimeout'],
    [{ bucket: 'bb', partsPerMerge: 1 }, 'partsPerMerge'],
  ])('that are wrong are named: %j', (options, name) => {
    expect(() => s3Backend(options)).toThrow(new RegExp(`^s3Backend: ${name} must be`))
  })

  test('without credentials are an error that says what to set', async () => {
    const error = await errorOf(open({ credentials: () => undefined as never }).list())
    expect(error).toMatchObject({ code: 'PERMISSION' })
    expect(error.message).toContain('AWS_ACCESS_KEY_ID')
  })
})
