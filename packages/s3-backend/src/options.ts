export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface S3BackendOptions {
  /** The bucket, which must be there. */
  readonly bucket: string
  /** What the names of the store's objects begin with, as `logs/orders`: none by default. Nothing else may be put below it. */
  readonly prefix?: string
  /** Where the store answers, as `http://127.0.0.1:9000`. By default `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, or Amazon's of the region. */
  readonly endpoint?: string
  /** By default `AWS_REGION`, `AWS_DEFAULT_REGION`, or `us-east-1`. */
  readonly region?: string
  /** Keys, or what gives them: asked before every request, so it should remember them. By default `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. */
  readonly credentials?: S3Credentials | (() => S3Credentials | Promise<S3Credentials>)
  /** Whether the bucket stands in the path of an address instead of before the host: by default where an endpoint is given. */
  readonly pathStyle?: boolean
  /**
   * Whether `lock` takes the place of a writer that did not release its lock, which then can't write any more, instead of `LOCKED`. False by
   * default. Only the writer that is found is driven out: where several try at once, one of them gets the lock.
   */
  readonly takeover?: boolean
  /** Who holds the lock, for those who are refused: by default the process and its host. */
  readonly writer?: string
  /** The longest that one attempt of a request may take, in milliseconds, besides a second for each MiB it carries: 10 000. */
  readonly requestTimeout?: number
  /** How long a request is tried again after throttling, resets and time-outs, in milliseconds: 25 000, below the 30 000 that an add of the engine waits. */
  readonly retryFor?: number
  /** Requests under way at once: 64. */
  readonly concurrency?: number
  /** Bytes of recent parts that are kept in memory: 32 MiB. */
  readonly cacheBytes?: number
  /** A file that is still written to is merged when it has so many small parts: 2048. At least 2. */
  readonly partsPerMerge?: number
  /** The longest pause between two looks of a reader that finds nothing new, in milliseconds: 1000. What it costs is two list requests a look. */
  readonly idleInterval?: number
}

export interface ResolvedOptions {
  readonly bucket: string
  /** Empty, or ending in a slash. */
  readonly prefix: string
  readonly endpoint: string
  readonly region: string
  readonly credentials: () => S3Credentials | undefined | Promise<S3Credentials | undefined>
  readonly pathStyle: boolean
  readonly takeover: boolean
  readonly writer: string
  readonly requestTimeout: number
  readonly retryFor: number
  readonly concurrency: number
  readonly cacheBytes: number
  readonly partsPerMerge: number
  readonly idleInterval: number
}

const MiB = 1024 * 1024

/** Throws a `TypeError` that names the option. */
export function resolveOptions(options: S3BackendOptions, environment: Environment = processEnvironment()): ResolvedOptions {
  const { bucket, prefix = '', takeover = false, credentials } = options
  if (typeof bucket !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]+$/.test(bucket)) fail('bucket', 'the name of a bucket', bucket)
  if (typeof prefix !== 'string' || !isPrefix(prefix)) fail('prefix', 'made of A-Z a-z 0-9 . _ - and / between them', prefix)
  if (typeof takeover !== 'boolean') fail('takeover', 'true or false', takeover)
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION } = environment
  const given = options.endpoint ?? (AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL || undefined)
  const region = options.region ?? (AWS_REGION || AWS_DEFAULT_REGION || 'us-east-1')
  const endpoint = given ?? `https://s3.${region}.amazonaws.com`
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) fail('endpoint', 'an http or https address', endpoint)
  return {
    bucket,
    prefix: prefix.replace(/^\/+|\/+$/g, '').replace(/.$/, '$&/'),
    endpoint: endpoint.replace(/\/+$/, ''),
    region,
    credentials: typeof credentials === 'function' ? credentials : () => credentials ?? fromEnvironment(environment),
    // A certificate covers one label before the host, so not a bucket with dots in its name.
    pathStyle: options.pathStyle ?? (given !== undefined || bucket.includes('.')),
    takeover,
    writer: options.writer ?? thisProcess(),
    requestTimeout: count('requestTimeout', options.requestTimeout, 10_000, 1),
    retryFor: count('retryFor', options.retryFor, 25_000, 0),
    concurrency: count('concurrency', options.concurrency, 64, 1),
    cacheBytes: count('cacheBytes', options.cacheBytes, 32 * MiB, 0),
    partsPerMerge: count('partsPerMerge', options.partsPerMerge, 2048, 2),
    idleInterval: count('idleInterval', options.idleInterval, 1000, 0),
  }
}

/** Variables of the environment, as the process's. */
export interface Environment {
  readonly [name: string]: string | undefined
}

function fromEnvironment(environment: Environment): S3Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = environment
  if (!accessKeyId || !secretAccessKey) return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
}

// Neither is there in a browser.
function processEnvironment(): Environment {
  return globalThis.process?.env ?? {}
}

function thisProcess(): string {
  const { process } = globalThis
  const host = process?.getBuiltinModule?.('node:os').hostname()
  return process?.pid === undefined ? 'a browser' : `process ${process.pid} on ${host ?? 'an unknown host'}`
}

function isPrefix(prefix: string): boolean {
  const parts = prefix.replace(/^\/+|\/+$/g, '').split('/')
  return prefix === '' || parts.every((part) => /^[A-Za-z0-9._-]+$/.test(part) && part !== '.' && part !== '..')
}

function count(name: string, value: number | undefined, otherwise: number, least: number): number {
  if (value === undefined) return otherwise
  if (!Number.isSafeInteger(value) || value < least) fail(name, `a whole number from ${least} on`, value)
  return value
}

function fail(name: string, allowed: string, value: unknown): never {
  throw new TypeError(`s3Backend: ${name} must be ${allowed}, not ${String(value)}`)
}
