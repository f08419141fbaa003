import { scaleLinear } from 'd3-scale'
import type { Bar, Chart } from './chart.js'
import { escaped } from './escaped.js'
import type { Theme } from './theme.js'

const WIDTH = 900
const TITLES_WIDTH = 230
const LABELS_WIDTH = 120
const HEAD_HEIGHT = 62
const BAR_HEIGHT = 14
const ROW_GAP = 14
const AXIS_HEIGHT = 34
const LEGEND_LINE = 20
const LEGEND_COLUMNS = 4
/** About as many characters fit beside the bars. */
const TITLE_LENGTH = 32

/** A chart as an image that needs nothing else. */
export function svgOf({ title, rows }: Chart, theme: Theme): string {
  const barsHeight = rows.reduce((sum, { bars }) => sum + bars.length * BAR_HEIGHT + ROW_GAP, 0)
  const legend = [...new Map(rows.flatMap(({ bars }) => bars).map((bar) => [bar.contender, bar])).values()]
  const bottom = HEAD_HEIGHT + barsHeight
  const height = bottom + AXIS_HEIGHT + Math.ceil(legend.length / LEGEND_COLUMNS) * LEGEND_LINE + 8
  const most = Math.max(1, ...rows.flatMap(({ bars }) => bars.map(({ timesAsGood }) => timesAsGood)))
  const x = scaleLinear([0, most], [TITLES_WIDTH, WIDTH - LABELS_WIDTH]).nice(6)
  const ticks = x.ticks(6).map((tick) => {
    const at = round(x(tick))
    return `<line x1="${at}" x2="${at}" y1="${HEAD_HEIGHT}" y2="${bottom}" stroke="${theme.line}"/>${text(at, bottom + 16, `${x.tickFormat(6)(tick)} ×`, theme.muted, 11, 'middle')}`
  })
  const parts = [
    `<rect width="${WIDTH}" height="${height}" fill="${theme.background}"/>`,
    text(12, 26, title, theme.text, 16, 'start', 600),
    text(12, 46, 'times as good as the store, which is 1; the bars are labelled with the figures', theme.muted, 12),
    ...ticks,
  ]
  let top = HEAD_HEIGHT
  for (const { title, bars } of rows) {
    const lines = wrapped(title)
    const middle = top + (bars.length * BAR_HEIGHT) / 2 - (lines.length - 1) * 7 + 4
    parts.push(...lines.map((line, n) => text(TITLES_WIDTH - 12, middle + n * 14, line, theme.text, 12, 'end')))
    for (const [n, bar] of bars.entries()) {
      const y = top + n * BAR_HEIGHT
      const end = x(bar.timesAsGood)
      parts.push(
        `<rect x="${TITLES_WIDTH}" y="${y + 1}" width="${round(Math.max(1, end - TITLES_WIDTH))}" height="${BAR_HEIGHT - 2}" fill="${colorOf(bar, theme)}"/>`,
        text(round(end) + 5, y + 11, bar.label, theme.muted, 10),
      )
    }
    top += bars.length * BAR_HEIGHT + ROW_GAP
  }
  for (const [n, bar] of legend.entries()) {
    const left = 12 + (n % LEGEND_COLUMNS) * ((WIDTH - 24) / LEGEND_COLUMNS)
    const y = bottom + AXIS_HEIGHT + Math.floor(n / LEGEND_COLUMNS) * LEGEND_LINE
    parts.push(
      `<rect x="${left}" y="${y}" width="12" height="12" fill="${colorOf(bar, theme)}"/>`,
      text(left + 18, y + 10, bar.contender, theme.text, 12),
    )
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif">\n${parts.join('\n')}\n</svg>\n`
}

function text(
  x: number,
  y: number,
  content: string,
  fill: string,
  size: number,
  anchor: 'start' | 'middle' | 'end' = 'start',
  weight = 400,
): string {
  return `<text x="${x}" y="${y}" fill="${fill}" font-size="${size}" text-anchor="${anchor}" font-weight="${weight}">${escaped(content)}</text>`
}

function colorOf({ role, nth }: Bar, { colors }: Theme): string {
  return colors[role][nth % colors[role].length]!
}

function wrapped(title: string): string[] {
  const lines = ['']
  for (const word of title.split(' ')) {
    const line = lines[lines.length - 1]!
    if (line !== '' && line.length + 1 + word.length > TITLE_LENGTH) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
