import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { renderRun } from '../render-run.js'
import type { Run } from '../result.js'
import { type Chart, chartsOf } from './chart.js'
import { themes } from './theme.js'

/** All that a run found, as one page that needs no network: the charts, in the reader's light or dark, and the whole table below. */
export async function pageOf(run: Run): Promise<string> {
  // Of the smaller builds the one that has titles and legends.
  const library = await readFile(createRequire(import.meta.url).resolve('echarts/dist/echarts.common.min.js'), 'utf8')
  const light = chartsOf(run, themes.light)
  const charts = { light, dark: chartsOf(run, themes.dark) }
  const { machine, settings, versions, date, leftOut } = run
  const facts: [string, string][] = [
    ['date', date],
    ['machine', `${machine.cores} × ${machine.cpu}, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB, ${machine.system}`],
    ['Node', machine.node],
    [
      'versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} (${version})`)
        .join(', '),
    ],
    ['rounds', `${settings.rounds}, at scale ${settings.scale}`],
    ...leftOut.map(({ name, reason }): [string, string] => ['left out', `${name}: ${reason}`]),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Varve: benchmarks of ${escaped(date.slice(0, 10))}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 980px; margin: 2rem auto; padding: 0 1rem; color: ${themes.light.text}; background: ${themes.light.background} }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem }
dt { font-weight: 600 } dd { margin: 0 }
section { margin: 2rem 0 }
pre { overflow-x: auto; font-size: 12px; line-height: 1.25 }
@media (prefers-color-scheme: dark) { body { color: ${themes.dark.text}; background: ${themes.dark.background} } }
</style>
</head>
<body>
<h1>Varve: benchmarks</h1>
<dl>
${facts.map(([name, text]) => `<dt>${escaped(name)}</dt><dd>${escaped(text)}</dd>`).join('\n')}
</dl>
${light.map(({ name, title, height }) => `<section id="${name}" aria-label="${escaped(title)}" style="height: ${height}px"></section>`).join('\n')}
<h2>All figures</h2>
<pre>${escaped(renderRun(run))}</pre>
<script>${library.replaceAll('</script', '<\\/script')}</script>
<script>
const charts = ${inScript(named(charts))}
const dark = matchMedia('(prefers-color-scheme: dark)')
let shown = []
function show() {
  for (const chart of shown) chart.dispose()
  shown = charts[dark.matches ? 'dark' : 'light'].map(({ name, option }) => {
    const chart = echarts.init(document.getElementById(name), null, { renderer: 'canvas' })
    chart.setOption(option)
    return chart
  })
}
show()
dark.addEventListener('change', show)
addEventListener('resize', () => { for (const chart of shown) chart.resize() })
</script>
</body>
</html>
`
}

function named(charts: Readonly<Record<'light' | 'dark', readonly Chart[]>>): object {
  const of = (all: readonly Chart[]) => all.map(({ name, option }) => ({ name, option }))
  return { light: of(charts.light), dark: of(charts.dark) }
}

function inScript(value: object): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
