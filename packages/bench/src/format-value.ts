import type { Figure } from './workload.js'

/** A figure with its unit, in as many digits as mean something. */
export function formatValue(value: number, figure: Figure): string {
  const digits = value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
  return figure === 'CPU %' ? `${digits} % CPU` : `${digits} ${figure === 'p99 ms' ? 'ms (p99)' : figure}`
}
