import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Mutant, plant } from './mutant.js'
import { type RigOutcome, runRig } from './run-rig.js'
import { makeScratch } from './scratch.js'

/** What became of a planted bug. `caught` where a rig failed; `unusable` where none could be run with it. */
export interface Verdict {
  readonly mutant: Mutant
  readonly outcome: RigOutcome
  readonly seconds: number
}

export interface TryOptions {
  /** The root of the repository. */
  readonly root: string
  /** How many are tried at the same time, each in a copy of its own. */
  readonly jobs: number
  /** Milliseconds after which a rig counts as hanging. */
  readonly limit: number
  readonly onVerdict: (verdict: Verdict) => void
}

/** The bugs that can't be planted any more, as messages. */
export function findUnplantable(mutants: readonly Mutant[], root: string): string[] {
  return mutants.flatMap((mutant) => {
    try {
      plant(mutant, sourcesOf(root))
      return []
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)]
    }
  })
}

/** Plants each bug in a copy of the sources and runs its rigs, in order, until one of them fails. */
export async function tryMutants(mutants: readonly Mutant[], { root, jobs, limit, onVerdict }: TryOptions): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  await inCopies(mutants, jobs, root, async (mutant, copy) => {
    const read = sourcesOf(copy)
    const patched = plant(mutant, read)
    const originals = [...patched.keys()].map((file) => [file, read(file)] as const)
    const start = performance.now()
    for (const [file, text] of patched) writeFileSync(join(copy, file), text)
    try {
      const outcome = await runRigs(mutant, copy, limit)
      const verdict = { mutant, outcome, seconds: (performance.now() - start) / 1000 }
      verdicts.push(verdict)
      onVerdict(verdict)
    } finally {
      for (const [file, text] of originals) writeFileSync(join(copy, file), text)
    }
  })
  return verdicts.sort((a, b) => mutants.indexOf(a.mutant) - mutants.indexOf(b.mutant))
}

/** Runs every rig without any bug: one that fails then says nothing of the bugs. Gives what failed. */
export async function tryRigs(
  mutants: readonly Mutant[],
  { root, jobs, limit }: Omit<TryOptions, 'onVerdict'>,
): Promise<Map<string, RigOutcome>> {
  const failed = new Map<string, RigOutcome>()
  const filters = [...new Set(mutants.flatMap(({ rigs }) => rigs))]
  await inCopies(filters, jobs, root, async (filter, copy) => {
    const outcome = await runRig(filter, { root: copy, limit })
    if (outcome.kind !== 'passed') failed.set(filter, outcome)
  })
  return failed
}

function sourcesOf(root: string): (file: string) => string {
  return (file) => readFileSync(join(root, file), 'utf8')
}

async function runRigs({ rigs }: Mutant, root: string, limit: number): Promise<RigOutcome> {
  let unusable: RigOutcome | undefined
  for (const rig of rigs) {
    const outcome = await runRig(rig, { root, limit })
    if (outcome.kind === 'failed') return outcome
    if (outcome.kind === 'unusable') unusable ??= outcome
  }
  return unusable ?? { kind: 'passed' }
}

async function inCopies<T>(work: readonly T[], jobs: number, root: string, each: (item: T, copy: string) => Promise<void>): Promise<void> {
  const left = [...work]
  await Promise.all(
    Array.from({ length: Math.min(jobs, left.length) }, async () => {
      const scratch = makeScratch(root)
      try {
        for (let item = left.shift(); item !== undefined; item = left.shift()) await each(item, scratch.path)
      } finally {
        scratch.remove()
      }
    }),
  )
}
