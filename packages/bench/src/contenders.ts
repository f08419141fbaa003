import type { Contender } from './contender.js'
import { plainFs } from './contenders/plain-fs.js'
import { varve } from './contenders/varve.js'

/** The store first, then what it is measured against. */
export const contenders: readonly [store: Contender, ...others: Contender[]] = [varve, plainFs]
