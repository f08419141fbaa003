import { filesize } from 'filesize'
import duration from 'ms'

/** `1,234,567` */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** `1 item`, `1,234 items` */
export function countOf(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`
}

/** In units of 1024, as sizes are given to the store: `12.3 MiB`. */
export function formatBytes(bytes: number): string {
  return filesize(bytes, { standard: 'iec', round: 1 })
}

/** In millions of bytes, as disks are rated: `123.4 MB/s`. */
export function formatRate(bytes: number, ms: number): string {
  const rate = megabytesPerSecond(bytes, ms)
  return `${rate.toFixed(rate < 10 ? 2 : rate < 100 ? 1 : 0)} MB/s`
}

export function megabytesPerSecond(bytes: number, ms: number): number {
  return ms > 0 ? bytes / 1e3 / ms : 0
}

/** `850 ms`, `3.21 s`, `2 m 5 s` */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} m ${seconds % 60} s`
}

/** How long ago, to the nearest unit: `3 hours ago` */
export function formatAge(timestamp: number): string {
  return `${duration(Math.max(0, Date.now() - timestamp), { long: true })} ago`
}
