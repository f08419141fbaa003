import { renderRun } from '../render-run.js'
import type { Run } from '../result.js'
import { chartsOf } from './chart.js'
import { escaped } from './escaped.js'
import { renderTargets } from './render-targets.js'
import { svgOf } from './svg.js'
import { themes } from './theme.js'

/** All that a run found, as one page that needs no network and no scripts: the targets, the charts in the reader's light or dark, and the whole table below. */
export function pageOf(run: Run): string {
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
svg { max-width: 100%; height: auto }
.dark { display: none }
pre { overflow-x: auto; font-size: 12px; line-height: 1.25 }
@media (prefers-color-scheme: dark) { .light { display: none } .dark { display: block } body { color: ${themes.dark.text}; background: ${themes.dark.background} } }
</style>
</head>
<body>
<h1>Varve: benchmarks</h1>
<dl>
${facts.map(([name, text]) => `<dt>${escaped(name)}</dt><dd>${escaped(text)}</dd>`).join('\n')}
</dl>
${chartsOf(run)
  .map(
    (chart) =>
      `<section id="${chart.name}">\n<div class="light">${svgOf(chart, themes.light)}</div>\n<div class="dark">${svgOf(chart, themes.dark)}</div>\n</section>`,
  )
  .join('\n')}
<h2>Targets</h2>
<pre>${escaped(renderTargets(run))}</pre>
<h2>All figures</h2>
<pre>${escaped(renderRun(run))}</pre>
</body>
</html>
`
}
