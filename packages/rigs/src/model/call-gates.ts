import {
  type BackendCall,
  type CallKind,
  type Fault,
  type FaultChooser,
  fittingFaults,
  hold,
  type PowerLossBackend,
  type Random,
  seededRandom,
} from '@varve/backend/faults'
import { losesName, losesPages } from '../watch/lost-syncs.js'

/** A fault that waits for its call. */
export interface ArmedFault {
  readonly kind: CallKind
  /** Which of the faults that fit the kind, counted round. */
  readonly choice: number
  /** So many calls of that kind pass before it. */
  readonly after: number
  /** How many calls in a row it strikes. */
  readonly times: number
}

interface Waiting {
  readonly open: () => void
}

const canWait = (kind: CallKind): boolean => kind !== 'openSync' && kind !== 'readSync' && kind !== 'sizeSync'

/** Stands between a store and its disk: calls wait here, before or after their effect, and are let go in any order; and faults strike them. All by a seed. */
export class CallGates {
  readonly #disk: PowerLossBackend
  #armed: { readonly fault: ArmedFault; seen: number }[] = []
  readonly #waiting: Waiting[] = []
  /** Chooses which calls wait and which goes on first; undefined: none waits. */
  #random: Random | undefined
  #struck = 0

  constructor(disk: PowerLossBackend) {
    this.#disk = disk
  }

  /** How many faults have struck. One that waits counts again when its caller learns of it. */
  get struck(): number {
    return this.#struck
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** From here on calls wait and go as this seed says; 0: all pass at once. */
  set pace(seed: number) {
    this.#random = seed === 0 ? undefined : seededRandom(seed)
  }

  arm(fault: ArmedFault): void {
    this.#armed.push({ fault, seen: 0 })
  }

  disarm(): void {
    this.#armed = []
  }

  /** A fault of another kind, which no call can have, has struck. */
  countStrike(): void {
    this.#struck++
  }

  /** Lets one of the calls go that wait; false where none does. */
  readonly letGo = (): boolean => {
    const [gate] = this.#waiting.splice(this.#random?.(this.#waiting.length) ?? 0, 1)
    gate?.open()
    return gate !== undefined
  }

  readonly choose: FaultChooser = (call) => {
    const fault = this.#faultFor(call)
    if (fault) this.#struck++
    if (!this.#random || this.#random(2) === 0 || !canWait(call.kind) || (fault && fault.type !== 'fail')) return fault
    const gate = hold({ when: fault?.when ?? (this.#random(2) === 0 ? 'before' : 'after') })
    this.#waiting.push({
      open: () => {
        if (!fault) return gate.release()
        this.#struck++
        gate.fail(fault.code)
      },
    })
    return gate
  }

  #faultFor(call: BackendCall): Fault | undefined {
    let found: Fault | undefined
    for (const armed of this.#armed) {
      const { kind, choice, after, times } = armed.fault
      if (kind !== call.kind || armed.seen++ < after || armed.seen > after + times) continue
      const faults = [...fittingFaults[kind], ...this.#lossesOf(kind)]
      found ??= faults[choice % faults.length]
    }
    return found
  }

  /** What a medium does that only the disk can: a sync that fails and loses its pages. */
  #lossesOf(kind: CallKind): readonly Fault[] {
    if (kind === 'sync') return [losesPages(this.#disk)]
    return kind === 'create' || kind === 'replace' || kind === 'remove' ? [losesName(this.#disk)] : []
  }
}
