import { BackendError } from '@varve/backend'
import { HttpClient, type S3Request } from './http-client.js'
import type { ResolvedOptions } from './options.js'
import { element } from './s3-error.js'

export interface StoredObject {
  readonly key: string
  readonly size: number
}

const TOKEN = 'x-amz-meta-varve-writer'
const PER_PAGE = 1000

/** The few things that this backend does with objects: put one where there is none, get, list, delete. No object is ever written twice. */
export class ObjectStore {
  readonly #client: HttpClient
  readonly #where: string

  constructor(options: ResolvedOptions, where: string) {
    this.#client = new HttpClient(options, where)
    this.#where = where
  }

  /**
   * Puts an object where there is none of that name: of any number of calls for one name exactly one succeeds. False where there is one.
   * A try that was taken for failed may have put it: its `token` tells (see {@link tokenOf}).
   */
  async putNew(key: string, body: Uint8Array, token: string, signal?: AbortSignal): Promise<boolean> {
    const headers = { 'If-None-Match': '*', [TOKEN]: token }
    const { status } = await this.#client.send({ method: 'PUT', key, headers, body, accepts: [412], ...(signal && { signal }) })
    return status !== 412
  }

  /** The token that the object was put with; undefined where there is no object. */
  async tokenOf(key: string): Promise<string | undefined> {
    const { status, headers } = await this.#client.send({ method: 'HEAD', key, accepts: [404] })
    return status === 404 ? undefined : (headers.get(TOKEN) ?? '')
  }

  /** Bytes of an object from `start` to before `end`, all of it by default; undefined where there is no object. */
  async get(key: string, range?: { readonly start: number; readonly end: number }, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const request: S3Request = {
      method: 'GET',
      key,
      accepts: [404],
      ...(range && { headers: { Range: `bytes=${range.start}-${range.end - 1}` }, expected: range.end - range.start }),
      ...(signal && { signal }),
    }
    const { status, body, headers } = await this.#client.send(request)
    if (status === 404) {
      const text = new TextDecoder().decode(body)
      if (element(text, 'Code') !== 'NoSuchBucket') return undefined
      throw new BackendError('IO', `${this.#where}: GET ${key}: there is no such bucket; this backend makes none`)
    }
    if (!range) return body
    // A store that knows no ranges gives all of it.
    const found = status === 200 ? body.subarray(range.start, range.end) : body
    if (found.length !== range.end - range.start) {
      const said = `${this.#where}: GET ${key}: ${found.length} bytes came of ${range.end - range.start} (${headers.get('content-range')})`
      throw new BackendError('IO', said)
    }
    return found
  }

  /** The objects whose names begin with `prefix` and come behind `after`, in order of their names, page by page: a request each. */
  async *list(prefix: string, after = ''): AsyncGenerator<readonly StoredObject[]> {
    let token = ''
    do {
      const query = {
        'list-type': '2',
        prefix,
        'max-keys': String(PER_PAGE),
        ...(token ? { 'continuation-token': token } : after && { 'start-after': after }),
      }
      const { body } = await this.#client.send({ method: 'GET', key: '', query })
      const xml = new TextDecoder().decode(body)
      yield xml
        .split('<Contents>')
        .slice(1)
        .map((one) => ({ key: element(one, 'Key'), size: Number(element(one, 'Size')) }))
      token = element(xml, 'IsTruncated') === 'true' ? element(xml, 'NextContinuationToken') : ''
    } while (token)
  }

  /** Takes an object away; one that is not there is no error. */
  async delete(key: string, signal?: AbortSignal): Promise<void> {
    await this.#client.send({ method: 'DELETE', key, accepts: [404], ...(signal && { signal }) })
  }
}
