import { reportCommand } from './command/report.js'
import { runCommand } from './command/run-command.js'

await runCommand(reportCommand())
