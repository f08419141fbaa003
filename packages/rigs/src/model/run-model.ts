import fc from 'fast-check'
import { storeProperty } from './property.js'
import { Tally } from './tally.js'

export interface ModelOptions {
  readonly runs: number
  readonly seed: number
  /** What a failure printed beside its seed: the run, and its commands. */
  readonly path?: string | undefined
  readonly replay?: string | undefined
  /** Stop after so many milliseconds, whatever is left. */
  readonly time?: number
}

/** Runs the model test. Throws where a promise is broken, with the shortest program that was found and how to run it again. */
export async function runModel({ runs, seed, path, replay, time }: ModelOptions): Promise<Tally> {
  const tally = new Tally()
  const details = await fc.check(storeProperty({ replay, tally }), {
    numRuns: runs,
    seed,
    ...(path && { path }),
    ...(time && { interruptAfterTimeLimit: time }),
    endOnFailure: path !== undefined,
  })
  if (!details.failed || !details.counterexample) return tally
  const [settings, program] = details.counterexample
  const text = String(program)
  const found = /replayPath="([^"]*)"/.exec(text)?.[1]
  const again = `pnpm model --seed ${details.seed} --path ${details.counterexamplePath}${found ? ` --replay ${found}` : ''}`
  const { errorInstance: cause } = details
  throw new Error(
    `${cause instanceof Error ? cause.message : String(cause)}\nafter ${text}\nwith ${JSON.stringify(settings)}\nagain: ${again}`,
    { cause },
  )
}
