import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { parseRun } from '../../src/command/report.js'
import { workspace } from '../../src/places.js'
import { chartsOf } from '../../src/report/chart.js'
import { withFigures } from '../../src/report/figures-in-documents.js'
import { documents, keptRun } from '../../src/report/keep-run.js'
import { svgOf } from '../../src/report/svg.js'
import { targets, targetWorkloads } from '../../src/report/targets.js'
import { themes } from '../../src/report/theme.js'
import { workloads } from '../../src/workloads.js'

const kept = async () => parseRun(await readFile(keptRun, 'utf8'), keptRun)

describe('the figures in the documents', () => {
  it.each(documents)('are in %s those of the run that is kept, to the letter', async (name) => {
    const text = await readFile(join(workspace, name), 'utf8')
    expect(text).toContain('<!-- figures: targets -->')
    expect(withFigures(text, await kept())).toBe(text)
  })

  it('are in the charts too', async () => {
    const run = await kept()
    for (const theme of Object.values(themes)) {
      for (const chart of chartsOf(run)) {
        expect(await readFile(join(keptRun, '..', `${chart.name}-${theme.name}.svg`), 'utf8')).toBe(svgOf(chart, theme))
      }
    }
  })

  it('are refused a place that nothing belongs to', async () => {
    const run = await kept()
    expect(() => withFigures('<!-- figures: nothing -->\n<!-- end of figures -->', run)).toThrow('there are no figures named nothing')
  })
})

test('every target is of workloads that there are', () => {
  const names = new Set(workloads.map(({ name }) => name))
  expect([...targetWorkloads].filter((name) => !names.has(name))).toEqual([])
})

test('a target that a run does not tell of is neither met nor missed', async () => {
  const run = await kept()
  for (const { of, row } of targets) expect(of({ ...run, results: [] }), row).toBeUndefined()
})
