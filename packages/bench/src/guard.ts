import { guardCommand } from './command/guard.js'
import { runCommand } from './command/run-command.js'

await runCommand(guardCommand())
