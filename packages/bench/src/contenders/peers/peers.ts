import type { Contender } from '../../contender.js'
import { asyncAppendOnlyLog } from './async-append-only-log.js'
import { classicLevel } from './classic-level.js'
import { hypercore } from './hypercore.js'
import { lmdb, lmdbViews } from './lmdb.js'
import { betterSqlite3, betterSqlite3Normal, nodeSqlite } from './sqlite.js'

/** The other stores, each at its own fast way. */
export const peers: readonly Contender[] = [
  lmdb,
  lmdbViews,
  classicLevel,
  betterSqlite3,
  betterSqlite3Normal,
  nodeSqlite,
  hypercore,
  asyncAppendOnlyLog,
]
