import type { Contender } from '../contender.js'
import type { Entrant } from '../entrant.js'
import type { Absent } from '../result.js'

export interface Present {
  readonly entrants: readonly Entrant[]
  readonly versions: Readonly<Record<string, string>>
  readonly leftOut: readonly Absent[]
}

/** Those contenders that can run on this machine, and why the others can't. */
export async function presentEntrants(contenders: readonly Contender[]): Promise<Present> {
  const entrants: Entrant[] = []
  const versions: Record<string, string> = {}
  const leftOut: Absent[] = []
  for (const contender of contenders) {
    const { name } = contender
    try {
      versions[name] = await contender.probe()
      entrants.push({ name, contender })
    } catch (error) {
      leftOut.push({ name, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  return { entrants, versions, leftOut }
}
