import { Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { expect, it } from 'vitest'
import { logEvents } from '../../src/terminal/event-log.js'

it('tells what happens to a store, in order, and writes that follow closely together', async () => {
  const store = new Varve(memoryBackend(), { maxFileSize: 4096 })
  const lines: string[] = []
  const log = logEvents(store, (line) => lines.push(line))
  await store.start()
  for (let n = 0; n < 3; n++) {
    await store.add(new Uint8Array(1000))
    await store.flush()
  }
  log.tell('commit', 'something else')
  await store.add(new Uint8Array(1000))
  await store.stop()
  log.end()
  expect(lines.map((line) => line.replace(/^ +[\d.]+ ms +(\w+) +/, '$1: '))).toEqual([
    'start: the next item is number 0',
    expect.stringMatching(/^write: 3 items, .+ in 3 writes: data file 0 up to .+, durable$/),
    'commit: something else',
    'rotate: data file 0 is full, on to 1',
    expect.stringMatching(/^write: 1 item, .+ in 1 write: data file 1 up to .+, durable$/),
    'stop: all durable, the next item is number 4',
  ])
})

it('tells nothing after its end', async () => {
  const store = new Varve(memoryBackend())
  const lines: string[] = []
  logEvents(store, (line) => lines.push(line)).end()
  await store.start()
  await store.stop()
  expect(lines).toEqual([])
})
