import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { WriteJob } from '../src/processes/job.js'
import { KillLoop } from '../src/processes/kill-loop.js'
import { lookAt } from '../src/processes/look.js'
import { ProcessLedger } from '../src/processes/process-ledger.js'
import { stoppedHolder } from '../src/processes/stopped-holder.js'
import { WatchedProcess } from '../src/processes/watched-process.js'
import { bundled } from './bundled.js'
import { printCount } from './print-count.js'

const program = await bundled('processes/program')

/** Where a store may be: a directory on the disk that is gone after the test. */
function storeDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'varve-processes-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return join(path, 'store')
}

function started(job: WriteJob | { readonly do: 'open'; readonly directory: string }, ledger = new ProcessLedger()): WatchedProcess {
  const process = new WatchedProcess(job, { program: program.path, ledger })
  onTestFinished(async () => {
    process.kill()
    await process.ended().catch(() => undefined)
  })
  return process
}

// Processes take long to start where the machine has much else to do.
const timeout = 60_000

describe('a process that is killed with kill -9', () => {
  test('loses nothing that was acknowledged, and a reader in another process follows right through', { timeout }, async () => {
    const cycles = 22
    const tally = await new KillLoop({ program: program.path, directory: storeDirectory(), cycles, seed: 1, readers: 1 }).run()
    expect(tally).toMatchObject({ cycles, refused: 0 })
    for (const count of [tally.durable, tally.looks, tally.transactions, tally.removals, tally.followed, tally.reads])
      expect(count).toBeGreaterThan(0)
    printCount('processes killed', tally.cycles)
    printCount('items acknowledged to a process that was killed', tally.durable)
  })

  test('leaves the lock free at once', { timeout }, async () => {
    const directory = storeDirectory()
    const ledger = new ProcessLedger()
    const [first, second] = [started({ do: 'open', directory }, ledger), started({ do: 'open', directory }, ledger)]
    const opened = first.when(({ is }) => is === 'observed', 'the first had opened the store')
    first.tell('open 1')
    await opened
    first.kill()
    expect((await first.ended()).signal).toBe('SIGKILL')
    const openedAgain = second.when(({ is }) => is === 'observed' || is === 'refused', 'the second had opened the store')
    second.tell('open 2')
    await openedAgain
    expect(second.lastRefusal).toBeUndefined()
  })
})

// On Windows a signal from another process ends it at once.
describe.runIf(process.platform !== 'win32')('a process that is told to end in the middle of its work', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('stores all that was accepted, and ends by that signal (%s)', { timeout }, async (signal) => {
    for (const seed of [1, 2]) {
      const directory = storeDirectory()
      const ledger = new ProcessLedger()
      const writer = started({ do: 'write', directory, seed, life: 1, end: 'signal' }, ledger)
      for (let n = 0; n < 30; n++) await writer.when(({ is }) => is === 'accepted', 'it had added anything')
      writer.kill(signal)
      expect(await writer.ended()).toEqual({ code: null, signal, stderr: '' })
      // Whether or not it said so: from here on all that was accepted has to be there.
      ledger.take({ is: 'stopped' })
      await lookAt(directory, ledger)
      expect(ledger.counts.lost).toBe(0)
      expect(ledger.counts.durable).toBe(ledger.counts.accepted)
    }
  })
})

describe('a process that ends by itself without stopping the store', () => {
  const settings = { flushInterval: 30_000, maxBufferItems: 1000 }

  test('stores all that was accepted where it has nothing left to do', { timeout }, async () => {
    const directory = storeDirectory()
    const ledger = new ProcessLedger()
    const writer = started({ do: 'write', directory, seed: 3, life: 1, rounds: 15, settings, end: 'natural' }, ledger)
    expect(await writer.ended()).toEqual({ code: 0, signal: null, stderr: '' })
    expect(ledger.counts.durable).toBeLessThan(ledger.counts.accepted)
    ledger.take({ is: 'stopped' })
    await lookAt(directory, ledger)
    expect(ledger.counts.lost).toBe(0)
  })

  test('stores all that was acknowledged as durable where it calls process.exit()', { timeout }, async () => {
    const directory = storeDirectory()
    const ledger = new ProcessLedger()
    const writer = started({ do: 'write', directory, seed: 3, life: 1, rounds: 15, settings, end: 'exit' }, ledger)
    expect(await writer.ended()).toEqual({ code: 0, signal: null, stderr: '' })
    const { durable } = ledger.counts
    expect(durable).toBeGreaterThan(0)
    await lookAt(directory, ledger)
    expect(ledger.counts.looks).toBeGreaterThan(1)
  })
})

describe('a second writer', () => {
  test('in another process is told who holds the store, until that one stops', { timeout }, async () => {
    const directory = storeDirectory()
    const ledger = new ProcessLedger()
    const [first, second] = [started({ do: 'open', directory }, ledger), started({ do: 'open', directory })]
    const opened = first.when(({ is }) => is === 'observed', 'the first had opened the store')
    first.tell('open 1')
    await opened
    const refused = second.when(({ is }) => is === 'refused' || is === 'observed', 'the second was told')
    second.tell('open 2')
    await refused
    expect(second.lastRefusal).toMatch(/^LOCKED: /)
    expect(second.lastRefusal).toContain(`process ${first.pid} on ${hostname()}`)
    const stopped = first.when(({ is }) => is === 'stopped', 'the first had stopped')
    first.tell('add 50')
    first.tell('stop')
    await stopped
    const openedAfter = second.when(({ is }) => is === 'observed' || is === 'refused', 'the second had opened the store')
    second.tell('open 3')
    await openedAfter
    expect(second.lastRefusal).toContain(`process ${first.pid} `)
  })

  test.runIf(process.platform !== 'win32')(
    'is refused beside one that is halted, which then goes on as if nothing had been',
    { timeout },
    async () => {
      const counts = await stoppedHolder({ program: program.path, directory: storeDirectory(), seed: 4, times: 3 })
      expect(counts.refused).toBe(6)
      expect(counts.durable).toBeGreaterThan(0)
    },
  )
})
