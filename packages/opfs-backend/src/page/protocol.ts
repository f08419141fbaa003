import type { BackendErrorCode } from '@varve/backend'

// What a page and its worker say to each other. Every message has the mark, so that a worker may have other business too.

/** A call of a backend's method, or of one of its files or locks, which the page has given a number. */
export interface Request {
  readonly varve: 'call'
  readonly id: number
  /** Which of the page's backends, by its number and where it is. */
  readonly backend: number
  readonly path: string
  readonly method: 'list' | 'open' | 'create' | 'replace' | 'remove' | 'lock' | 'destroy'
  readonly names: readonly string[]
  /** The number that an opened file or a lock gets. */
  readonly opens: number
}

export interface FileRequest {
  readonly varve: 'file'
  readonly id: number
  readonly file: number
  readonly method: 'size' | 'read' | 'append' | 'truncate' | 'sync' | 'close'
  /** Position, size, or where to rewrite from. */
  readonly at: number | undefined
  /** How many bytes to read. */
  readonly length: number
  /** What to append. */
  readonly bytes: Uint8Array | undefined
}

interface ReleaseRequest {
  readonly varve: 'release'
  readonly id: number
  readonly lock: number
}

export type AnyRequest = Request | FileRequest | ReleaseRequest

export interface Answer {
  readonly varve: 'answer'
  readonly id: number
  readonly value?: unknown
  readonly error?: { readonly code: BackendErrorCode; readonly message: string; readonly cause: string | undefined }
}

/** A lock was lost while it was held. */
export interface Loss {
  readonly varve: 'lost'
  readonly lock: number
  readonly message: string
}

/** Whether a message is one of these. */
export function isMarked<T extends AnyRequest | Answer | Loss>(message: unknown): message is T {
  return typeof message === 'object' && message !== null && typeof (message as { readonly varve?: unknown }).varve === 'string'
}
