import type { EChartsOption } from 'echarts'
import { formatValue } from '../format-value.js'
import type { ContenderResult, Run, WorkloadResult } from '../result.js'
import type { Theme } from './theme.js'

/** One drawing: the workloads of a group, each with a bar for each contender, as many times as good as the store at 1. */
export interface Chart {
  /** For a file's name. */
  readonly name: string
  readonly title: string
  readonly height: number
  readonly option: EChartsOption
}

const ROW_HEIGHT = 15
const GROUP_GAP = 22
const FRAME_HEIGHT = 110

/** The groups in which more than one contender has something to show. */
export function chartsOf(run: Run, theme: Theme): Chart[] {
  const groups = [...new Set(run.results.map(({ group }) => group))]
  return groups.flatMap((group) => {
    const results = run.results.filter((result) => result.group === group && result.contenders.some(({ ratio }) => ratio !== undefined))
    return results.length === 0 ? [] : [chart(group, results, theme)]
  })
}

function chart(group: string, results: readonly WorkloadResult[], theme: Theme): Chart {
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
    legend: { top: 48, type: 'scroll', textStyle: { color: theme.text } },
    grid: { left: 8, right: 150, top: 82, bottom: 8, containLabel: true },
    xAxis: { type: 'value', axisLabel: { color: theme.muted, formatter: '{value} ×' }, splitLine: { lineStyle: { color: theme.line } } },
    yAxis: {
      type: 'category',
      inverse: true,
      data: results.map(({ title }) => title),
      axisLabel: { color: theme.text, width: 210, overflow: 'break' },
      axisLine: { lineStyle: { color: theme.line } },
    },
    series: names.map((name, n) => ({
      name,
      type: 'bar',
      barMaxWidth: ROW_HEIGHT - 3,
      barMinHeight: 1,
      itemStyle: { color: theme.colors[n % theme.colors.length]!, ...(isLimit(results, name) && { opacity: 0.55 }) },
      data: results.map((result) => {
        const one = of(result, name)
        return {
          // The store's own ratio to itself is 1; another is as good as 1 / ratio of it.
          value: one?.ratio ? Number((1 / one.ratio).toPrecision(4)) : Number.NaN,
          label: { show: one !== undefined, formatter: one ? labelOf(one, result) : '' },
        }
      }),
      label: { position: 'right', color: theme.muted, fontSize: 10 },
    })),
  }
  return { name: fileNameOf(group), title: group, height: rows + FRAME_HEIGHT, option }
}

function isLimit(results: readonly WorkloadResult[], name: string): boolean {
  return results.some(({ contenders }) => contenders.some((one) => one.name === name && one.role === 'limit'))
}

function labelOf({ value, notCompared }: ContenderResult, { figure }: WorkloadResult): string {
  return formatValue(value, figure) + (notCompared ? ' (not durable)' : '')
}

function fileNameOf(group: string): string {
  return group
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
}
