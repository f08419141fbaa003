import type { Varve, WriteEvent } from '@varve/core'
import { countOf, formatBytes, formatDuration } from './quantities.js'

const WRITE_INTERVAL_MS = 500

export interface EventLog {
  /** Tells something that is not an event of the store, after the events that came before it. */
  tell(name: string, text: string): void
  /** Tells what is left, and listens no more. */
  end(): void
}

/**
 * Tells a store's events as they come, a line each, through `print`. A busy store writes many times a second: writes that come
 * within half a second of the last one told are told together.
 */
export function logEvents(store: Varve, print: (line: string) => void): EventLog {
  const start = performance.now()
  let writes: WriteEvent[] = []
  let told = Number.NEGATIVE_INFINITY

  const tell = (name: string, text: string) =>
    print(`  ${formatDuration(performance.now() - start).padStart(8)}  ${name.padEnd(8)} ${text}`)
  const tellWrites = () => {
    if (writes.length > 0) tell('write', describeWrites(writes))
    writes = []
    told = performance.now()
  }
  /** What happened in between is told before what happens now. */
  const tellNext = (name: string, text: string) => {
    tellWrites()
    tell(name, text)
  }

  const off = [
    store.on('start', ({ nextSequence }) => tellNext('start', `the next item is number ${nextSequence}`)),
    store.on('write', (event) => {
      writes.push(event)
      if (performance.now() - told >= WRITE_INTERVAL_MS) tellWrites()
    }),
    store.on('rotate', ({ from, to }) => tellNext('rotate', `data file ${from} is full, on to ${to}`)),
    store.on('recover', ({ cut }) => tellNext('recover', `${countOf(cut.length, 'torn tail')} cut off`)),
    store.on('stop', ({ nextSequence }) => tellNext('stop', `all durable, the next item is number ${nextSequence}`)),
    store.on('failure', ({ error, fatal }) => tellNext('failure', `${error.message}${fatal ? '; the store has failed' : ''}`)),
  ]
  return {
    tell: tellNext,
    end() {
      tellWrites()
      for (const each of off) each()
    },
  }
}

function describeWrites(writes: readonly WriteEvent[]): string {
  const items = writes.reduce((sum, { count }) => sum + count, 0)
  const bytes = writes.reduce((sum, event) => sum + event.bytes, 0)
  const last = writes.at(-1)!
  const durable = writes.every((event) => event.durable) ? ', durable' : ''
  const where = `data file ${last.index} up to ${formatBytes(last.position + last.bytes)}`
  return `${countOf(items, 'item')}, ${formatBytes(bytes)} in ${countOf(writes.length, 'write')}: ${where}${durable}`
}
