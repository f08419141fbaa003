import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a request meets instead of an answer. */
export type Fault =
  | { readonly status: number; readonly code?: string; readonly headers?: Readonly<Record<string, string>> }
  | 'reset'
  | 'reset afterwards'
  | 'no answer'

/** The objects of one bucket in memory, behind as much of the S3 protocol as this package speaks. No signature is checked. */
export interface ObjectServer {
  readonly endpoint: string
  readonly objects: Map<string, { readonly body: Buffer; readonly token: string }>
  /** Method and key of every request, `LIST` for a listing. */
  readonly requests: string[]
  /** Asked for every request. */
  fault: (request: string, headers: IncomingMessage['headers']) => Fault | undefined
  /** Whether If-None-Match counts. */
  isConditional: boolean
  close(): Promise<void>
}

export async function startObjectServer(bucket = 'bucket'): Promise<ObjectServer> {
  const http = createServer((request, response) => void serve(server, bucket, request, response))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const server: ObjectServer = {
    endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    objects: new Map(),
    requests: [],
    fault: () => undefined,
    isConditional: true,
    async close() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
  return server
}

async function serve(server: ObjectServer, bucket: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '', server.endpoint)
  const key = decodeURIComponent(url.pathname).slice(bucket.length + 2)
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const line = key === '' ? `LIST ${url.searchParams.get('prefix')}` : `${request.method} ${key}`
  server.requests.push(line)
  const fault = server.fault(line, request.headers)
  if (fault === 'no answer') return
  if (fault === 'reset') return void request.socket.destroy()
  if (typeof fault === 'object') return void refuse(response, fault.status, fault.code ?? '', fault.headers)
  if (fault === 'reset afterwards') response.end = () => response.destroy()
  if (key === '') list(server, url.searchParams, response)
  else answer(server, key, Buffer.concat(chunks), request, response)
}

function answer(server: ObjectServer, key: string, body: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const { objects } = server
  const object = objects.get(key)
  const { method, headers } = request
  if (method === 'PUT') {
    if (object && server.isConditional && headers['if-none-match'] === '*') return refuse(response, 412, 'PreconditionFailed')
    objects.set(key, { body, token: String(headers['x-amz-meta-varve-writer'] ?? '') })
    response.writeHead(200).end()
  } else if (method === 'DELETE') {
    objects.delete(key)
    response.writeHead(204).end()
  } else if (!object) refuse(response, 404, 'NoSuchKey')
  else if (method === 'HEAD') response.writeHead(200, { 'x-amz-meta-varve-writer': object.token }).end()
  else {
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '')
    response.writeHead(range ? 206 : 200).end(range ? object.body.subarray(Number(range[1]), Number(range[2]) + 1) : object.body)
  }
}

// Small pages, so that every listing of some length takes several.
const PER_PAGE = 7

function list({ objects }: ObjectServer, query: URLSearchParams, response: ServerResponse): void {
  const after = query.get('continuation-token') ?? query.get('start-after') ?? ''
  const keys = [...objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after).sort()
  const page = keys.slice(0, PER_PAGE)
  const contents = page.map((key) => `<Contents><Key>${key}</Key><Size>${objects.get(key)?.body.length}</Size></Contents>`)
  const isTruncated = keys.length > page.length
  const next = isTruncated ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
  response.end(`<ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`)
}

function refuse(response: ServerResponse, status: number, code: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, headers).end(code && `<Error><Code>${code}</Code><Message>as asked &amp; told</Message></Error>`)
}
