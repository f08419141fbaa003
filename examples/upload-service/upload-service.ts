import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { formatLocation, type Location, parseLocation, type Varve, VarveError } from 'varve'

export interface UploadServiceOptions {
  /** The longest upload in bytes; it is in memory while it comes in. */
  readonly maxUploadSize: number
}

/**
 * `POST /uploads` stores a body and answers 201 with its place in the header `Location`, once it is on stable storage. `GET` on that gives it back.
 * What was uploaded never changes, so it may be cached for ever.
 */
export function uploadService(db: Varve, options: UploadServiceOptions): Server {
  return createServer((request, response) => {
    answer(db, options, request, response).catch((error) => refuse(response, error))
  })
}

async function answer(
  db: Varve,
  { maxUploadSize }: UploadServiceOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'POST' && request.url === '/uploads') {
    const body = await bodyOf(request, maxUploadSize)
    if (!body) return end(response, 413, `an upload has at most ${maxUploadSize} bytes`)
    const location = await db.add(body, { durable: true })
    response.setHeader('Location', `/uploads/${formatLocation(location)}`)
    return end(response, 201, 'stored')
  }
  const place = /^\/uploads\/([^/]+)$/.exec(request.url ?? '')?.[1]
  if (request.method !== 'GET' || !place) return end(response, 404, 'POST /uploads, GET /uploads/PLACE')
  await send(db, parseLocation(decodeURIComponent(place)), response)
}

/** The stream checks the bytes at its end: damage breaks the connection off, so nobody takes a damaged upload for a whole one. */
async function send(db: Varve, location: Location, response: ServerResponse): Promise<void> {
  const stream = await db.readStream(location)
  if (!stream) return end(response, 404, 'there is no such upload')
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': location.size,
    'Cache-Control': 'public, max-age=31536000, immutable',
  })
  await pipeline(Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]), response)
}

async function bodyOf(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += part.length
    if (size > most) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy()
  const code = VarveError.is(error) ? error.code : undefined
  if (code === 'EMPTY_ITEM') return end(response, 400, 'an upload has at least one byte')
  if (code === 'INVALID_LOCATION') return end(response, 404, 'there is no such upload')
  // The item stays in memory and is written when there is space, but this client was not promised so: let it try again.
  if (code === 'NO_SPACE') return end(response, 507, 'the disk is full')
  if (code === 'TIMEOUT') return end(response, 503, 'too busy')
  console.error(error)
  end(response, 500, code ?? 'failed')
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain', Connection: status === 413 ? 'close' : 'keep-alive' }).end(`${text}\n`)
}
