import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

interface Covered {
  readonly total: number
  readonly covered: number
}

/** The share of branches taken in the packages that carry the promise, from what `npm run coverage` left. */
export function coverageFigures(root: string): { readonly [name: string]: string } {
  const summary = JSON.parse(readFileSync(join(root, 'coverage/coverage-summary.json'), 'utf8')) as {
    readonly [path: string]: { readonly branches: Covered }
  }
  const figures: { [name: string]: string } = {}
  for (const folder of ['packages/core/src', 'packages/backend/src']) {
    const files = Object.entries(summary).filter(([path]) => relative(root, path).startsWith(`${folder}/`))
    const total = files.reduce((sum, [, { branches }]) => sum + branches.total, 0)
    const covered = files.reduce((sum, [, { branches }]) => sum + branches.covered, 0)
    figures[`of the branches of ${folder}`] = `${((100 * covered) / total).toFixed(1)} % (${covered} of ${total})`
  }
  return figures
}
