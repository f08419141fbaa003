import { EVENT_NAMES, type Listener, type VarveEventName, type VarveEvents } from './events.js'
import { type Logger, log, silentLogger } from './logger.js'

interface Entry {
  readonly call: (event: never) => unknown
}

// What a person who runs a service wants to see; the rest is for whoever looks for a fault.
const LEVELS: Partial<Record<VarveEventName, keyof Logger>> = {
  start: 'info',
  stop: 'info',
  recover: 'warn',
  destroyIndex: 'info',
  destroyDb: 'info',
  failure: 'error',
}

type Unstamped<Name extends VarveEventName> = Omit<VarveEvents[Name], 'timestamp'>

/** Calls listeners in the order of registration, each event in full before the next; no listener can stop the engine. */
export class Emitter {
  readonly #listeners = new Map<VarveEventName, Set<Entry>>(EVENT_NAMES.map((name) => [name, new Set()]))
  readonly #logger: Logger
  readonly #now: () => number
  readonly #pending: { readonly name: VarveEventName; readonly event: object }[] = []

  constructor(logger: Logger, now: () => number) {
    this.#logger = logger
    this.#now = now
  }

  on<Name extends VarveEventName>(name: Name, listener: Listener<Name>): () => void {
    if (typeof listener !== 'function') throw new TypeError(`a listener is a function, not ${typeof listener}`)
    const listeners = this.#of(name)
    // The same function may listen twice, each with its own way off.
    const entry = { call: listener }
    listeners.add(entry)
    return () => void listeners.delete(entry)
  }

  has(name: VarveEventName): boolean {
    return this.#of(name).size > 0
  }

  emit<Name extends VarveEventName>(name: Name, event: Unstamped<Name>): void {
    this.#log(name, event)
    if (this.#of(name).size === 0) return
    this.#pending.push({ name, event: Object.freeze({ ...event, timestamp: this.#now() }) })
    if (this.#pending.length > 1) return
    // What a listener sets off is told when every listener knows of this.
    for (let next = this.#pending[0]; next; next = this.#pending[0]) {
      const listeners = this.#of(next.name)
      for (const entry of [...listeners]) {
        // One that was taken off meanwhile hears nothing more.
        if (listeners.has(entry)) this.#tell(next.name, entry.call, next.event)
      }
      this.#pending.shift()
    }
  }

  #tell(name: VarveEventName, call: Entry['call'], event: object): void {
    try {
      const result = call(event as never)
      if (isThenable(result)) result.then(undefined, (error: unknown) => this.#listenerFailed(name, error))
    } catch (error) {
      this.#listenerFailed(name, error)
    }
  }

  #log(name: VarveEventName, event: object): void {
    if (this.#logger === silentLogger) return
    const { error, ...rest } = event as { readonly error?: Error }
    const text = error ? `${name}: ${error.message}` : `${name} ${JSON.stringify(rest)}`
    log(this.#logger, LEVELS[name] ?? 'debug', text)
  }

  #of(name: VarveEventName): Set<Entry> {
    const listeners = this.#listeners.get(name)
    if (!listeners) throw new TypeError(`there is no event ${JSON.stringify(name)}; there are ${EVENT_NAMES.join(', ')}`)
    return listeners
  }

  #listenerFailed(name: VarveEventName, thrown: unknown): void {
    const text = textOf(thrown)
    log(this.#logger, 'error', `a listener of '${name}' failed: ${text}`)
    // A failing listener of failures has nobody left to tell but the log.
    if (name === 'failure') return
    const error = thrown instanceof Error ? thrown : new Error(`a listener of '${name}' threw ${text}`, { cause: thrown })
    this.emit('failure', { error, fatal: false })
  }
}

// Anything can be thrown, also what has no text.
function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return typeof thrown
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
