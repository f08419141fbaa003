import { BackendError, type BackendErrorCode } from '../backend-error.js'
import type { FileBackend } from '../file-backend.js'
import { type BackendCall, type CallSubject, describeCall } from './backend-call.js'
import { CallLog, type OpenEntry } from './call-log.js'
import { canStrike, type Death, type Fault } from './fault.js'
import { chooserOf, type FaultChooser, type FaultPlan } from './fault-plan.js'
import { Holdings } from './holdings.js'

/** What a process that ended had not given back. */
export interface LeftBehind {
  /** The name of each handle that was open, once for each. */
  readonly files: readonly string[]
  /** How many locks were held. */
  readonly locks: number
}

/** @internal What may happen to a call in place of its effect. */
export interface Alternatives<T> {
  /** Undoes what the caller never sees: a handle or lock that it was not given. */
  readonly discard?: (value: T) => Promise<void>
  /** The call with only a part of its bytes, see `shorten`. */
  readonly shorten?: (left: (size: number) => number, failure: BackendError) => Promise<T>
}

interface AlternativesSync<T> {
  readonly discard?: (value: T) => Promise<void>
  readonly shorten?: (left: (size: number) => number) => T
}

/** @internal The process, as its calls see it: numbers them, asks the plan, lets the faults happen, and knows what is open and whether it lives. */
export class CallDirector {
  readonly log = new CallLog(100_000)
  readonly holdings = new Holdings()
  readonly died: Promise<BackendCall>
  /** Resolves when the process dies or is ended. */
  readonly ended: Promise<void>
  faults = 0
  #choosers: readonly FaultChooser[]
  #death: Pick<Death, 'calls'> | undefined
  #cleared: Promise<LeftBehind> | undefined
  #reportEnd!: () => void
  #reportDeath!: (call: BackendCall) => void
  readonly #inner: FileBackend
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(inner: FileBackend, plan: FaultPlan) {
    this.#inner = inner
    this.#choosers = [chooserOf(plan)]
    this.died = new Promise((resolve) => {
      this.#reportDeath = resolve
    })
    this.ended = new Promise((resolve) => {
      this.#reportEnd = resolve
    })
  }

  inject(plan: FaultPlan): () => void {
    const chooser = chooserOf(plan)
    this.#choosers = [chooser, ...this.#choosers]
    return () => {
      this.#choosers = this.#choosers.filter((other) => other !== chooser)
    }
  }

  async call<T>(subject: CallSubject, effect: () => Promise<T>, alternatives: Alternatives<T> = {}): Promise<T> {
    const entry = this.log.enter(subject)
    if (this.#death) return this.#unanswered(entry)
    try {
      const value = await this.#happen(entry, effect, alternatives)
      if (this.#death) return await this.#unanswered(entry)
      entry.outcome = 'done'
      return value
    } catch (error) {
      if (this.#death) return this.#unanswered(entry)
      entry.outcome = BackendError.is(error) ? error.code : 'Error'
      throw error
    }
  }

  callSync<T>(subject: CallSubject, effect: () => T, alternatives: AlternativesSync<T>): T {
    const entry = this.log.enter(subject)
    try {
      if (this.#death) throw lifeless(entry)
      const value = this.#happenSync(entry, effect, alternatives)
      entry.outcome = 'done'
      return value
    } catch (error) {
      entry.outcome = this.#death ? 'unanswered' : BackendError.is(error) ? error.code : 'Error'
      throw error
    }
  }

  end(): Promise<LeftBehind> {
    this.#death ??= { calls: 'hang' }
    this.#reportEnd()
    this.#cleared ??= this.#clearAway()
    return this.#cleared
  }

  async #clearAway(): Promise<LeftBehind> {
    // An effect that is under way may still get a handle or lock, so the holdings are counted only when all is quiet.
    await Promise.allSettled(this.#underWay)
    const left = { files: this.holdings.files, locks: this.holdings.locks }
    await this.holdings.giveBackAll()
    return left
  }

  async #happen<T>(entry: OpenEntry, effect: () => Promise<T>, { discard, shorten }: Alternatives<T>): Promise<T> {
    const fault = this.#choose(entry)
    switch (fault?.type) {
      case 'fail':
        if (fault.when === 'after') await this.#undone(effect, discard)
        throw injected(entry, fault.code)
      case 'shorten':
        return this.#track(() => shorten!(fault.bytes, injected(entry, fault.code)))
      case 'hold': {
        const value = fault.when === 'after' ? { of: await this.#track(effect) } : undefined
        const code = await fault.pass(entry)
        if (code !== undefined) {
          if (value) await discard?.(value.of)
          throw injected(entry, code)
        }
        // Whoever dies at the gate does not do afterwards what it was going to.
        if (this.#death && !value) throw lifeless(entry)
        return value ? value.of : this.#track(effect)
      }
      case 'die':
        // It is the last call also where the inner backend fails it.
        if (fault.when === 'after') await this.#track(effect).catch(() => undefined)
        this.#die(entry, fault)
        throw lifeless(entry)
      case 'act':
        await fault.run(entry, this.#inner)
        if (this.#death) throw lifeless(entry)
        return this.#track(effect)
      default:
        return this.#track(effect)
    }
  }

  #happenSync<T>(entry: OpenEntry, effect: () => T, { discard, shorten }: AlternativesSync<T>): T {
    const fault = this.#choose(entry)
    switch (fault?.type) {
      case 'fail':
        if (fault.when === 'after') this.#discardLater(effect(), discard)
        throw injected(entry, fault.code)
      case 'shorten':
        return shorten!(fault.bytes)
      case 'die':
        try {
          if (fault.when === 'after') effect()
        } catch {
          // It is the last call also where the inner backend fails it.
        }
        this.#die(entry, fault)
        throw lifeless(entry)
      case 'act':
        fault.run(entry, this.#inner)
        return effect()
      default:
        return effect()
    }
  }

  #choose(entry: OpenEntry): Fault | undefined {
    let chosen: Fault | undefined
    for (const choose of this.#choosers) {
      const fault = choose(entry)
      chosen ??= fault
    }
    if (!chosen) return undefined
    if (!canStrike(chosen, entry.kind)) throw new TypeError(`a fault of type ${chosen.type} can't happen to ${describeCall(entry)}`)
    entry.fault = chosen.description
    this.faults++
    return chosen
  }

  #discardLater<T>(value: T, discard: AlternativesSync<T>['discard']): void {
    // A call that can't wait does not hear whether the handle could be given back.
    if (discard) void this.#track(() => discard(value)).catch(() => undefined)
  }

  async #undone<T>(effect: () => Promise<T>, discard: Alternatives<T>['discard']): Promise<void> {
    const value = await this.#track(effect)
    await discard?.(value)
  }

  async #track<T>(effect: () => Promise<T>): Promise<T> {
    const running = effect()
    this.#underWay.add(running)
    try {
      return await running
    } finally {
      this.#underWay.delete(running)
    }
  }

  #die(entry: OpenEntry, death: Death): void {
    this.#death ??= death
    this.#reportDeath(entry)
    this.#reportEnd()
  }

  #unanswered(entry: OpenEntry): Promise<never> {
    entry.outcome = 'unanswered'
    if (this.#death?.calls === 'reject') return Promise.reject(lifeless(entry))
    return new Promise<never>(() => undefined)
  }
}

function injected(call: BackendCall, code: BackendErrorCode): BackendError {
  return new BackendError(code, `injected ${code} at ${describeCall(call)}`)
}

function lifeless(call: BackendCall): BackendError {
  return new BackendError('IO', `the process is dead at ${describeCall(call)}`)
}
