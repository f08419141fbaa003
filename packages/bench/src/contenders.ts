import type { Contender } from './contender.js'
import { aiodiskdb } from './contenders/aiodiskdb.js'
import { memory } from './contenders/memory.js'
import { peers } from './contenders/peers/peers.js'
import { plainFs } from './contenders/plain-fs.js'
import { varve } from './contenders/varve.js'

/** The store first, then what the machine gives at most. */
export const storeAndLimits: readonly Contender[] = [varve(), plainFs, memory]

export const allContenders: readonly Contender[] = [...storeAndLimits, ...peers, aiodiskdb]
