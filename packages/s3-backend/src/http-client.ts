import { BackendError } from '@varve/backend'
import { AwsV4Signer } from 'aws4fetch'
import { Limiter } from './limiter.js'
import type { ResolvedOptions } from './options.js'
import { isPassing, type Refusal, refusalError, refusalOf } from './s3-error.js'

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** The object; the bucket itself where it is empty. */
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Bytes that the answer may have, for its time limit. */
  readonly expected?: number
  /** Statuses that are an answer like any other: the caller looks at them. */
  readonly accepts?: readonly number[]
  /** Gives up at once where it is aborted. */
  readonly signal?: AbortSignal
}

export interface S3Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

const FIRST_PAUSE = 50
const LONGEST_PAUSE = 5000
const MiB = 1024 * 1024

type Attempt = { readonly answer: S3Answer } | { readonly refusal: Refusal } | { readonly fault: unknown }

/** Sends signed requests: so many at once, each with a time limit, and again where that may help. Every failure is a `BackendError`. */
export class HttpClient {
  readonly #options: ResolvedOptions
  readonly #base: string
  readonly #limiter: Limiter
  readonly #signingKeys = new Map<string, ArrayBuffer>()
  readonly #where: string

  constructor(options: ResolvedOptions, where: string) {
    const { endpoint, bucket, pathStyle } = options
    this.#options = options
    this.#where = where
    this.#base = pathStyle ? `${endpoint}/${bucket}/` : `${endpoint.replace('://', `://${bucket}.`)}/`
    this.#limiter = new Limiter(options.concurrency)
  }

  async send(request: S3Request): Promise<S3Answer> {
    const what = `${this.#where}: ${request.method} ${request.key || 'the bucket'}`
    const until = Date.now() + this.#options.retryFor
    for (let retries = 0; ; retries++) {
      if (request.signal?.aborted) throw aborted(what, request.signal)
      const attempt = await this.#limiter.run(() => this.#attempt(request, what))
      if ('answer' in attempt) return attempt.answer
      if ('refusal' in attempt && !isPassing(attempt.refusal)) throw refusalError(attempt.refusal, what, Date.now())
      // A random share of it: those who were refused together shall not come back together.
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** retries) * (0.5 + Math.random() / 2)
      if (Date.now() + pause > until) throw this.#givenUp(attempt, what, retries + 1)
      await rest(pause, request.signal)
    }
  }

  async #attempt(request: S3Request, what: string): Promise<Attempt> {
    const { method, accepts = [], signal } = request
    const { url, headers } = await this.#sign(request, what)
    const carried = (request.body?.length ?? 0) + (request.expected ?? 0)
    const limit = AbortSignal.timeout(this.#options.requestTimeout + Math.ceil(carried / MiB) * 1000)
    try {
      const response = await fetch(url, {
        method,
        headers,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
        ...(request.body && { body: request.body as Uint8Array<ArrayBuffer> }),
      })
      const body = new Uint8Array(await response.arrayBuffer())
      const { status } = response
      if (response.ok || accepts.includes(status)) return { answer: { status, headers: response.headers, body } }
      return { refusal: refusalOf(status, new TextDecoder().decode(body), response.headers) }
    } catch (fault) {
      if (signal?.aborted) throw aborted(what, signal)
      return { fault }
    }
  }

  async #sign(
    { method, key, query, headers, body }: S3Request,
    what: string,
  ): Promise<{ readonly url: string; readonly headers: Headers }> {
    const credentials = await this.#credentials(what)
    const path = key.split('/').map(encodeURIComponent).join('/')
    const url = `${this.#base}${path}${query ? `?${new URLSearchParams(query).toString().replaceAll('+', '%20')}` : ''}`
    const signed = await new AwsV4Signer({
      method,
      url,
      // The store checks what arrives against it.
      headers: { ...headers, 'X-Amz-Content-Sha256': await sha256(body ?? new Uint8Array(0)) },
      ...credentials,
      service: 's3',
      region: this.#options.region,
      cache: this.#signingKeys,
    }).sign()
    return { url, headers: signed.headers }
  }

  async #credentials(what: string): Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string }> {
    const credentials = await Promise.resolve(this.#options.credentials()).catch((cause: unknown) => {
      throw new BackendError('PERMISSION', `${what}: the credentials could not be had: ${messageOf(cause)}`, { cause })
    })
    if (credentials?.accessKeyId && credentials.secretAccessKey) return credentials
    throw new BackendError(
      'PERMISSION',
      `${what}: there are no credentials: give the option credentials, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    )
  }

  #givenUp(attempt: Exclude<Attempt, { answer: S3Answer }>, what: string, attempts: number): BackendError {
    const said = `${what}, given up after ${attempts} attempts`
    if ('refusal' in attempt) return refusalError(attempt.refusal, said, Date.now())
    const { fault } = attempt
    const cause = fault instanceof Error && fault.cause instanceof Error ? fault.cause : fault
    const late = fault instanceof Error && fault.name === 'TimeoutError' ? `no answer within ${this.#options.requestTimeout} ms` : undefined
    return new BackendError('IO', `${said}: ${late ?? messageOf(cause)}`, { cause: fault })
  }
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function rest(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done)
  })
}

function aborted(what: string, signal: AbortSignal): BackendError {
  return new BackendError('IO', `${what}: it is not needed any more`, { cause: signal.reason })
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || String((error as { code?: unknown }).code ?? error.name)
}
