import { BackendError, type BackendErrorCode } from '@varve/backend'

/** What a store answered where it refused. */
export interface Refusal {
  readonly status: number
  /** The store's own code, as `SlowDown`; empty where it gave none. */
  readonly code: string
  readonly message: string
  /** Its clock, as it says. */
  readonly date: string | null
}

export function refusalOf(status: number, text: string, headers: Headers): Refusal {
  return { status, code: element(text, 'Code'), message: element(text, 'Message'), date: headers.get('date') }
}

const retriedCodes = new Set([
  'SlowDown',
  'RequestTimeout',
  'InternalError',
  'ServiceUnavailable',
  'ConditionalRequestConflict',
  'OperationAborted',
])
const retriedStatuses = new Set([408, 429, 500, 502, 503, 504])

/** Whether the same request may well succeed a little later. */
export function isPassing({ status, code }: Refusal): boolean {
  return retriedStatuses.has(status) || retriedCodes.has(code)
}

interface Meaning {
  readonly code: BackendErrorCode
  readonly says: string
}

const keys: Meaning = { code: 'PERMISSION', says: 'the store does not know the access key: look at the credentials' }
const expired: Meaning = { code: 'PERMISSION', says: 'the credentials have expired' }
const full: Meaning = { code: 'NO_SPACE', says: 'no space or quota is left' }
const absent: Meaning = { code: 'UNSUPPORTED', says: 'the store can not do this' }

const meanings: { readonly [code: string]: Meaning } = {
  InvalidAccessKeyId: keys,
  SignatureDoesNotMatch: { code: 'PERMISSION', says: 'the secret key is wrong: look at the credentials' },
  AuthorizationHeaderMalformed: { code: 'PERMISSION', says: 'the store expects another region' },
  ExpiredToken: expired,
  TokenRefreshRequired: expired,
  InvalidToken: { code: 'PERMISSION', says: 'the session token is not valid' },
  AccessDenied: { code: 'PERMISSION', says: 'these credentials may not do this' },
  AllAccessDisabled: { code: 'PERMISSION', says: 'the bucket is closed' },
  NoSuchBucket: { code: 'IO', says: 'there is no such bucket; this backend makes none' },
  PermanentRedirect: { code: 'IO', says: 'the bucket is in another region' },
  QuotaExceeded: full,
  ServiceQuotaExceededException: full,
  XMinioStorageFull: full,
  InsufficientStorage: full,
  EntityTooLarge: { code: 'NO_SPACE', says: 'the object would be too large for the store' },
  NotImplemented: absent,
  MethodNotAllowed: absent,
}

const byStatus: { readonly [status: number]: Meaning } = {
  301: meanings.PermanentRedirect as Meaning,
  401: keys,
  403: meanings.AccessDenied as Meaning,
  413: meanings.EntityTooLarge as Meaning,
  501: absent,
  507: full,
}

/** What a refusal means for the backend's caller. `now` is this machine's clock. */
export function refusalError(refusal: Refusal, what: string, now: number): BackendError {
  const { status, code, message, date } = refusal
  const meaning = code === 'RequestTimeTooSkewed' ? skewed(date, now) : (meanings[code] ?? byStatus[status])
  const answer = [status, code, message].filter(Boolean).join(' ')
  return new BackendError(meaning?.code ?? 'IO', `${what}: ${meaning ? `${meaning.says} (${answer})` : answer}`, { cause: refusal })
}

function skewed(date: string | null, now: number): Meaning {
  const apart = date === null ? Number.NaN : Math.round((now - Date.parse(date)) / 1000)
  const by = Number.isNaN(apart) ? 'too far from' : `${Math.abs(apart)} s ${apart > 0 ? 'ahead of' : 'behind'}`
  return { code: 'PERMISSION', says: `this machine's clock is ${by} the store's, which refuses that: set the clock` }
}

/** The text of an XML element that has no other in it; empty where there is none. */
export function element(xml: string, name: string): string {
  const start = xml.indexOf(`<${name}>`)
  const end = xml.indexOf(`</${name}>`, start)
  return start < 0 || end < 0 ? '' : unescaped(xml.slice(start + name.length + 2, end))
}

const entities: { readonly [entity: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (whole, entity: string) => entities[entity] ?? whole)
}
