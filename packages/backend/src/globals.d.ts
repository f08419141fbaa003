// The few globals that every platform of this package has, so that it is built without the types of any.
// Everything else of a platform stays a type error here.

interface AbortSignal {
  readonly aborted: boolean
}

declare function setTimeout(callback: () => void, milliseconds: number): unknown
declare function clearTimeout(timer: unknown): void
