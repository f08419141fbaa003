// Prints what a store on the object store at VARVE_TEST_S3_ENDPOINT does, and what it asks of it: `npm run test:s3 -- bench`.
import { createServer, request as send } from 'node:http'
import { Varve } from '@varve/core'
import { s3Backend } from '@varve/s3-backend'
import { AwsClient } from 'aws4fetch'

const endpoint = process.env.VARVE_TEST_S3_ENDPOINT
const credentials = { accessKeyId: 'testkey', secretAccessKey: 'testsecret' }
const bucket = 'varve-bench'
const SECONDS = 5
const MiB = 1024 * 1024

/** Counts requests on their way, so that nothing of the backend's own has to be believed. */
async function counting(upstream) {
  const { hostname, port } = new URL(upstream)
  const counts = {}
  const server = createServer((incoming, outgoing) => {
    const kind = incoming.url.includes('list-type') ? 'LIST' : incoming.method
    counts[kind] = (counts[kind] ?? 0) + 1
    const { method, url, headers } = incoming
    const forwarded = send({ hostname, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers)
      answer.pipe(outgoing)
    })
    forwarded.on('error', () => incoming.socket.destroy())
    incoming.pipe(forwarded)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { endpoint: `http://127.0.0.1:${server.address().port}`, counts, close: () => server.close() }
}

const say = (what, figure, counts = {}) =>
  process.stdout.write(
    `${what.padEnd(42)} ${figure.padStart(16)}   ${Object.entries(counts)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ')}\n`,
  )

const open = (prefix, at, options = {}) => Varve.open(s3Backend({ bucket, prefix, endpoint: at, credentials }), options)

async function durableAdds(writers) {
  const proxy = await counting(endpoint)
  const db = await open(`adds-${writers}-${Date.now()}`, proxy.endpoint)
  const before = { ...proxy.counts }
  const until = performance.now() + SECONDS * 1000
  let adds = 0
  const item = new Uint8Array(1024)
  const start = performance.now()
  await Promise.all(
    Array.from({ length: writers }, async () => {
      for (; performance.now() < until; adds++) await db.add(item, { durable: true })
    }),
  )
  const seconds = (performance.now() - start) / 1000
  const counts = Object.fromEntries(Object.entries(proxy.counts).map(([kind, count]) => [kind, count - (before[kind] ?? 0)]))
  say(`durable adds of 1 KiB, ${writers} at once`, `${Math.round(adds / seconds)} /s`, counts)
  await db.stop()
  proxy.close()
}

async function ingest(prefix, items) {
  const proxy = await counting(endpoint)
  const db = await open(prefix, proxy.endpoint)
  const item = crypto.getRandomValues(new Uint8Array(64 * 1024))
  const start = performance.now()
  const locations = []
  for (let n = 0; n < items; n++) locations.push(await db.add(item))
  await db.flush()
  const seconds = (performance.now() - start) / 1000
  say(
    `ingest of ${Math.round((items * item.length) / MiB)} MiB in items of 64 KiB`,
    `${Math.round((items * item.length) / MiB / seconds)} MiB/s`,
    proxy.counts,
  )
  await db.stop()
  proxy.close()
  return locations
}

async function reads(prefix, locations) {
  const proxy = await counting(endpoint)
  const db = await open(prefix, proxy.endpoint, { readOnly: true })
  await db.read(locations[0])
  const before = { ...proxy.counts }
  let done = 0
  const until = performance.now() + SECONDS * 1000
  const start = performance.now()
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      for (; performance.now() < until; done++) await db.read(locations[Math.floor(Math.random() * locations.length)])
    }),
  )
  const counts = Object.fromEntries(Object.entries(proxy.counts).map(([kind, count]) => [kind, count - (before[kind] ?? 0)]))
  say('reads of 64 KiB at random, 32 in flight', `${Math.round(done / ((performance.now() - start) / 1000))} /s`, counts)
  await db.stop()
  proxy.close()
}

async function openings(prefix) {
  for (const options of [{}, { readOnly: true }]) {
    const proxy = await counting(endpoint)
    const start = performance.now()
    const db = await open(prefix, proxy.endpoint, options)
    say(options.readOnly ? 'opening to read' : 'opening to write', `${Math.round(performance.now() - start)} ms`, { ...proxy.counts })
    await db.stop()
    proxy.close()
  }
}

if (!endpoint) throw new Error('VARVE_TEST_S3_ENDPOINT says where the object store is: npm run test:s3 -- bench starts one')
await new AwsClient({ ...credentials, service: 's3', region: 'us-east-1' }).fetch(`${endpoint}/${bucket}`, { method: 'PUT' })
await durableAdds(1)
await durableAdds(64)
const prefix = `ingest-${Date.now()}`
const locations = await ingest(prefix, 8192)
await reads(prefix, locations)
await openings(prefix)
