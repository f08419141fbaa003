import type { Command } from 'commander'
import type { Context } from '../context.js'
import { addCommand } from './add.js'
import { benchCommand } from './bench.js'
import { copyCommand } from './copy.js'
import { destroyCommand } from './destroy.js'
import { dropCommand } from './drop.js'
import { exportCommand } from './export.js'
import { followCommand } from './follow.js'
import { importCommand } from './import.js'
import { inspectCommand } from './inspect.js'
import { listCommand } from './list.js'
import { readCommand } from './read.js'
import { repairCommand } from './repair.js'
import { replicateCommand } from './replicate.js'
import { roundtripCommand } from './roundtrip.js'
import { scanCommand } from './scan.js'
import { statsCommand } from './stats.js'
import { ltrimCommand, rtrimCommand } from './trim.js'
import { verifyCommand } from './verify.js'

/** All commands, in the order of the help text. */
export const commands: readonly ((context: Context) => Command)[] = [
  addCommand,
  readCommand,
  listCommand,
  scanCommand,
  followCommand,
  statsCommand,
  inspectCommand,
  verifyCommand,
  repairCommand,
  ltrimCommand,
  rtrimCommand,
  dropCommand,
  destroyCommand,
  copyCommand,
  replicateCommand,
  importCommand,
  exportCommand,
  benchCommand,
  roundtripCommand,
]
