#!/usr/bin/env node
import { run } from './program.js'

const readerGone = new AbortController()
// `varve … | head` ends the reader before the writer.
process.stdout.on('error', (error) => readerGone.abort(error))
// Nobody is left to tell.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const interruption = new AbortController()
let interruptedBy: NodeJS.Signals | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interruptedBy ??= signal
    interruption.abort(new Error(`interrupted by ${signal}`))
  })
}

process.exitCode = await run(process.argv.slice(2), {
  // Only who reads it may open it: it would keep the process from ending.
  get in() {
    return process.stdin
  },
  out: process.stdout,
  err: process.stderr,
  signal: interruption.signal,
  readerGone: readerGone.signal,
})

// What had to be put in order is; now the signal takes its course, so that a shell sees what ended the command.
if (interruptedBy !== undefined) process.kill(process.pid, interruptedBy)
