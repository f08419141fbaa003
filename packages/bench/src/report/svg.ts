import { init } from 'echarts'
import type { Chart } from './chart.js'

const WIDTH = 900

/** A chart as an image that needs nothing else. */
export function svgOf({ height, option }: Chart): string {
  const instance = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height })
  instance.setOption(option)
  const svg = instance.renderToSVGString()
  instance.dispose()
  return svg
}
