import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type UncoveredBranch, uncovered } from './uncovered.js'

/** What istanbul's report says of a file: its branches, each with its ways, and how often each way was taken. */
interface FileCoverage {
  readonly branchMap: {
    readonly [id: string]: { readonly locations: readonly { readonly start: { readonly line?: number } }[]; readonly line: number }
  }
  readonly b: { readonly [id: string]: readonly number[] }
}

/** A way that no test takes. */
export interface MissedBranch {
  readonly file: string
  readonly line: number
  readonly text: string
  /** Why, where that is known. */
  readonly reason: string | undefined
}

export interface BranchCoverage {
  readonly figures: { readonly [name: string]: string | number }
  readonly missed: readonly MissedBranch[]
  /** What is listed as not taken, and is taken by now or not there any more. */
  readonly outdated: readonly UncoveredBranch[]
}

const FOLDERS = ['packages/core/src', 'packages/backend/src']

/** The branches taken in the packages that carry the promise, and those that were not, from what `npm run coverage` left. */
export function branchCoverage(root: string): BranchCoverage {
  const report = JSON.parse(readFileSync(join(root, 'coverage/coverage-final.json'), 'utf8')) as { readonly [path: string]: FileCoverage }
  const figures: { [name: string]: string | number } = {}
  const missed: MissedBranch[] = []
  for (const folder of FOLDERS) {
    const files = Object.entries(report).filter(([path]) => relative(root, path).startsWith(`${folder}/`))
    const ways = files.flatMap(([, { b }]) => Object.values(b).flat())
    const taken = ways.filter((times) => times > 0).length
    figures[`of the branches of ${folder}`] = `${((100 * taken) / ways.length).toFixed(1)} % (${taken} of ${ways.length})`
    for (const [path, coverage] of files) missed.push(...missedIn(relative(root, path), coverage, readFileSync(path, 'utf8').split('\n')))
  }
  figures['not taken'] = missed.length
  figures['of these with a reason'] = missed.filter(({ reason }) => reason !== undefined).length
  return { figures, missed, outdated: outdatedIn(uncovered, missed) }
}

function missedIn(file: string, { branchMap, b }: FileCoverage, lines: readonly string[]): MissedBranch[] {
  return Object.entries(b).flatMap(([id, counts]) =>
    counts.flatMap((times, way) => {
      if (times > 0) return []
      const branch = branchMap[id] as FileCoverage['branchMap'][string]
      // The way past an `if` has no place of its own.
      const line = branch.locations[way]?.start.line ?? branch.line
      const text = (lines[line - 1] ?? '').trim()
      return [{ file, line, text, reason: reasonOf(file, text) }]
    }),
  )
}

function reasonOf(file: string, text: string): string | undefined {
  return uncovered.find((each) => isMeant(each, { file, text }))?.reason
}

function isMeant({ file, what }: UncoveredBranch, branch: Pick<MissedBranch, 'file' | 'text'>): boolean {
  return file === branch.file && branch.text.includes(what)
}

/** Those of the list that are about no branch that is missed. */
export function outdatedIn(
  list: readonly UncoveredBranch[],
  missed: readonly Pick<MissedBranch, 'file' | 'text'>[],
): readonly UncoveredBranch[] {
  return list.filter((each) => !missed.some((branch) => isMeant(each, branch)))
}
