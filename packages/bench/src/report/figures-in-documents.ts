import { formatValue } from '../format-value.js'
import type { Run } from '../result.js'
import { chartsOf } from './chart.js'
import { renderTargets, tableOf } from './render-targets.js'

/** What of a run stands in documents, by the name of the place: between `<!-- figures: name -->` and `<!-- end of figures -->`. */
function sectionsOf(run: Run): Readonly<Record<string, string>> {
  return { run: describe(run), targets: renderTargets(run), all: renderAll(run), charts: renderCharts(run) }
}

const PLACE = /(<!-- figures: ([a-z]+) -->\n)[\s\S]*?(<!-- end of figures -->)/g

/** The text with the figures of the run in every place that it has for them. Throws where it has a place that nothing belongs to. */
export function withFigures(text: string, run: Run): string {
  const sections = sectionsOf(run)
  return text.replaceAll(PLACE, (_, begin: string, name: string, end: string) => {
    const section = sections[name]
    if (section === undefined) throw new Error(`there are no figures named ${name}; there are ${Object.keys(sections).join(', ')}`)
    return `${begin}\n${section}\n\n${end}`
  })
}

function describe({ date, machine, settings, versions }: Run): string {
  const who = Object.entries(versions)
    .filter(([name]) => name !== 'varve' && name !== 'memcpy + CRC' && name !== 'fs')
    .map(([name, version]) => `${name} ${version}`)
  return `Measured on ${date.slice(0, 10)} with Node ${machine.node} on ${machine.cores} × ${machine.cpu}, ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB, ${machine.system}: medians of ${settings.rounds} interleaved rounds${settings.scale === 1 ? '' : ` at scale ${settings.scale}`}${who.length > 0 ? `, beside ${who.join(', ')}` : ''}.`
}

function renderAll({ results }: Run): string {
  return tableOf(
    ['workload', 'Varve', 'spread', 'to the best peer', 'to the limit'],
    results.map(({ title, figure, contenders, bestPeer, bestLimit }) => {
      const own = contenders.find(({ role }) => role === 'store')
      const spread = own && own.value > 0 ? `±${Math.round(((own.range[1] - own.range[0]) / 2 / own.value) * 100)} %` : ''
      const versus = (one: typeof bestPeer): string => (one ? `${one.ratio.toFixed(2)} × ${one.name}` : '')
      return [title, own ? formatValue(own.value, figure) : 'failed', spread, versus(bestPeer), versus(bestLimit)]
    }),
  )
}

function renderCharts(run: Run): string {
  return chartsOf(run)
    .map(({ name, title }) => {
      const path = `packages/bench/figures/${name}`
      return `<picture><source media="(prefers-color-scheme: dark)" srcset="${path}-dark.svg"><img alt="${title}" src="${path}-light.svg"></picture>`
    })
    .join('\n\n')
}
