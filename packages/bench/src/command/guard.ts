import { Command, Option } from 'commander'
import { childRunner } from '../child-runner.js'
import { varve } from '../contenders/varve.js'
import { buildOfRevision } from '../guard/build-of-revision.js'
import { renderVerdicts } from '../guard/render-verdicts.js'
import { judge } from '../guard/verdict.js'
import { workspace } from '../places.js'
import { runWorkloads } from '../runner.js'
import { addWorkload, positiveNumber, share, wholeNumber } from './arguments.js'
import { interruption } from './interruption.js'
import { ProgressBar } from './progress-bar.js'
import { selectWorkloads } from './select-workloads.js'
import { fromCaller, workingDirectory } from './working-directory.js'

interface GuardOptions {
  readonly only?: string[]
  readonly pairs: number
  readonly scale: number
  readonly confidence: number
  readonly tolerance: number
  readonly timeout: number
  readonly dir?: string
}

export function guardCommand(): Command {
  return new Command('bench:guard')
    .description(
      'The store as it was at a revision beside the store as it is now, in interleaved pairs: what became slower, and how sure that is.',
    )
    .argument('<base>', 'a revision of git')
    .addOption(new Option('--only <PART>', 'only workloads whose name holds this; may be given again').argParser(addWorkload))
    .option('--pairs <N>', 'how often each build is measured', wholeNumber, 12)
    .option('--scale <FACTOR>', 'how much of each workload to do; 1 is all', positiveNumber, 0.5)
    .option('--confidence <SHARE>', 'how sure a verdict must be', share, 0.99)
    .option('--tolerance <SHARE>', 'the difference that does not matter', share, 0.03)
    .option('--timeout <SECONDS>', 'how long one measurement may take before it counts as hung', positiveNumber, 900)
    .option('--dir <PATH>', 'where to lay the files down (default: in the workspace)')
    .addHelpText('after', '\nEnds with 1 where something became slower, or could not be measured.')
    .action(guard)
}

async function guard(revision: string, { only, pairs, scale, confidence, tolerance, timeout, dir }: GuardOptions): Promise<void> {
  const signal = interruption()
  process.stderr.write(`Building ${revision}…\n`)
  const base = await buildOfRevision(revision)
  const bar = new ProgressBar()
  try {
    const results = await runWorkloads({
      workloads: selectWorkloads({ only, quick: true, openTo: Number.POSITIVE_INFINITY, growthTo: Number.POSITIVE_INFINITY }),
      entrants: [
        { name: 'base', contender: varve(base.root), build: base.root },
        { name: 'present', contender: varve(workspace), build: workspace },
      ],
      directory: workingDirectory(dir && fromCaller(dir)),
      rounds: pairs,
      scale,
      runJob: childRunner({ timeoutMs: timeout * 1000 }).run,
      onProgress: bar.show,
      signal,
    }).finally(() => bar.end())
    const verdicts = results.map((result) => judge(result, { confidence, tolerance }))
    process.stdout.write(`base: ${base.commit} (${revision}); present: what is built in this workspace\n`)
    process.stdout.write(renderVerdicts(verdicts, confidence))
    if (verdicts.some(({ says }) => says === 'slower' || says === 'not measured')) process.exitCode = 1
  } finally {
    await base.remove()
  }
}
