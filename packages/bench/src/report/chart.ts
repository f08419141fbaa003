import type { EChartsOption } from 'echarts'
import { formatValue } from '../format-value.js'
import type { ContenderResult, Run, WorkloadResult } from '../result.js'
import type { Theme } from './theme.js'

/** One drawing: the workloads of a group, each with a bar for each contender that can be compared, as many times as good as the store at 1. */
export interface Chart {
  /** For a file's name. */
  readonly name: string
  readonly title: string
  readonly height: number
  readonly option: EChartsOption
}

const ROW_HEIGHT = 15
const GROUP_GAP = 22
const HEAD_HEIGHT = 62
/** The axis, and a legend of up to three lines. */
const FOOT_HEIGHT = 110
const TITLES_WIDTH = 250
const LABELS_WIDTH = 120

/** A chart for each group. What is not durable where the others are is in none: it would only make their bars short. */
export function chartsOf(run: Run, theme: Theme): Chart[] {
  const results = run.results
    .map((result) => ({
      ...result,
      contenders: result.contenders.filter(({ ratio, notCompared }) => ratio !== undefined && notCompared === undefined),
    }))
    .filter(({ contenders }) => contenders.length > 0)
  const colors = colorsOf(results, theme)
  return [...new Set(results.map(({ group }) => group))].map((group) =>
    chart(
      group,
      results.filter((result) => result.group === group),
      { theme, colors },
    ),
  )
}

/** Whoever takes part has the same colour everywhere. */
function colorsOf(results: readonly WorkloadResult[], theme: Theme): Map<string, string> {
  const roles = new Map(results.flatMap(({ contenders }) => contenders.map(({ name, role }) => [name, role])))
  const used = { store: 0, limit: 0, peer: 0 }
  return new Map([...roles].map(([name, role]) => [name, theme.colors[role][used[role]++ % theme.colors[role].length]!]))
}

interface Look {
  readonly theme: Theme
  readonly colors: ReadonlyMap<string, string>
}

function chart(group: string, results: readonly WorkloadResult[], { theme, colors }: Look): Chart {
  const names = [...new Set(results.flatMap(({ contenders }) => contenders.map(({ name }) => name)))]
  const rows = results.reduce((sum, { contenders }) => sum + contenders.length * ROW_HEIGHT + GROUP_GAP, 0)
  const of = (result: WorkloadResult, name: string): ContenderResult | undefined => result.contenders.find((one) => one.name === name)
  const option: EChartsOption = {
    animation: false,
    backgroundColor: theme.background,
    textStyle: { color: theme.text, fontFamily: 'system-ui, sans-serif' },
    title: {
      text: group,
      subtext: 'times as good as the store, which is 1; the bars are labelled with the figures',
      textStyle: { color: theme.text, fontSize: 16 },
      subtextStyle: { color: theme.muted },
    },
    legend: { bottom: 8, itemGap: 16, textStyle: { color: theme.text } },
    grid: { left: TITLES_WIDTH, right: LABELS_WIDTH, top: HEAD_HEIGHT, bottom: FOOT_HEIGHT },
    xAxis: { type: 'value', axisLabel: { color: theme.muted, formatter: '{value} ×' }, splitLine: { lineStyle: { color: theme.line } } },
    yAxis: {
      type: 'category',
      inverse: true,
      data: results.map(({ title }) => title),
      axisLabel: { color: theme.text, width: TITLES_WIDTH - 30, overflow: 'break' },
      axisLine: { lineStyle: { color: theme.line } },
    },
    series: names.map((name) => ({
      name,
      type: 'bar',
      barMaxWidth: ROW_HEIGHT - 3,
      barMinHeight: 1,
      itemStyle: { color: colors.get(name)! },
      data: results.map((result) => {
        const one = of(result, name)
        return {
          // The store's own ratio to itself is 1; another is as good as 1 / ratio of it.
          value: one?.ratio ? Number((1 / one.ratio).toPrecision(4)) : Number.NaN,
          label: { show: one !== undefined, formatter: one ? formatValue(one.value, result.figure) : '' },
        }
      }),
      label: { position: 'right', color: theme.muted, fontSize: 10 },
    })),
  }
  return { name: fileNameOf(group), title: group, height: rows + HEAD_HEIGHT + FOOT_HEIGHT, option }
}

function fileNameOf(group: string): string {
  return group
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
}
