import { benchCommand } from './command/bench.js'
import { runCommand } from './command/run-command.js'

await runCommand(benchCommand())
