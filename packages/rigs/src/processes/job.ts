import type { VarveOptions } from '@varve/core'

/** What a process of the rigs is to do. */
export type Job = WriteJob | FollowJob | OpenJob

export interface WriteJob {
  readonly do: 'write'
  readonly directory: string
  readonly seed: number
  /** The number of its first life; it may begin 99 more. */
  readonly life: number
  /** After how many rounds of operations it is over; never by default. */
  readonly rounds?: number
  /** How many operations may begin together. */
  readonly width?: number
  readonly settings?: VarveOptions
  /** As the backend's option; by default one of several, by the seed. */
  readonly writebackAfter?: number
  /** The medium may fail. */
  readonly onFaultyMedium?: boolean
  /** So many times in a row it may fail before the process gives up: 5 by default. */
  readonly patience?: number
  /**
   * How the process ends: it stops the store and exits; it exits at once; it has nothing left to do; or it waits for
   * a signal, at which the store is stopped.
   */
  readonly end?: 'stop' | 'exit' | 'natural' | 'signal'
}

/** Follows a store that others write, read-only, until it is told how far to go. */
export interface FollowJob {
  readonly do: 'follow'
  readonly directory: string
  readonly seed: number
}

/** Opens and stops a store as it is told. */
export interface OpenJob {
  readonly do: 'open'
  readonly directory: string
}
