import type { BackendCall, CallKind } from './backend-call.js'
import { canStrike, type Fault } from './fault.js'

/**
 * Which call gets a fault. Everything that is left out fits every call; only calls that the fault can happen to are counted.
 * `{ kind: 'sync', nth: 2, fault: fail('IO') }` is the second sync, `{ nth: 17, fault: die() }` the 17th call of all.
 */
export interface FaultRule {
  readonly kind?: CallKind | readonly CallKind[]
  /** The name the call is about, either of two for a `replace`: the very name, or a pattern found in it. */
  readonly name?: string | RegExp
  readonly where?: (call: BackendCall) => boolean
  /** The first of the fitting calls that gets the fault, from 1. Default 1. */
  readonly nth?: number
  /** How many fitting calls in a row get it. Default 1; `Infinity`: all from `nth` on. */
  readonly times?: number
  readonly fault: Fault
}

/** Asked for every call, before it is made. */
export type FaultChooser = (call: BackendCall) => Fault | undefined

/** A rule, a function, or a list of both: every rule counts every call, and the first that has a fault for it decides. */
export type FaultPlan = FaultRule | FaultChooser | readonly (FaultRule | FaultChooser)[]

/** @internal A plan as one function, which holds its counts. */
export function chooserOf(plan: FaultPlan): FaultChooser {
  if (typeof plan === 'function') return plan
  if (!('fault' in plan)) {
    const choosers = plan.map(chooserOf)
    return (call) => {
      let chosen: Fault | undefined
      for (const choose of choosers) {
        const fault = choose(call)
        chosen ??= fault
      }
      return chosen
    }
  }
  return chooserOfRule(plan)
}

function chooserOfRule(rule: FaultRule): FaultChooser {
  const { nth = 1, times = 1 } = rule
  if (!(nth >= 1) || !(times >= 1)) throw new RangeError(`a rule's nth and times count from 1, not ${nth} and ${times}`)
  let fitting = 0
  return (call) => {
    if (!canStrike(rule.fault, call.kind) || !fits(rule, call)) return
    fitting++
    return fitting >= nth && fitting < nth + times ? rule.fault : undefined
  }
}

function fits(rule: FaultRule, call: BackendCall): boolean {
  const { kind, name, where } = rule
  if (kind !== undefined && (typeof kind === 'string' ? kind !== call.kind : !kind.includes(call.kind))) return false
  if (name !== undefined && !isNamed(call.name, name) && !isNamed(call.to, name)) return false
  return where === undefined || where(call)
}

function isNamed(name: string | undefined, pattern: string | RegExp): boolean {
  if (name === undefined) return false
  // `search` and not `test`: that one would carry on from its last match where the pattern is global.
  return typeof pattern === 'string' ? name === pattern : name.search(pattern) >= 0
}
