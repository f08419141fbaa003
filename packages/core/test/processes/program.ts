import { writeSync } from 'node:fs'
import { fail, faultyBackend, hold } from '@varve/backend/faults'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { memoryBackend } from '@varve/memory-backend'

// What the tests run in processes of their own, each of which has nothing to do once it comes to the end. It answers on stdout, a line each.

const [role, path = ''] = process.argv.slice(2)
const say = (line: string) => writeSync(1, `${line}\n`)
const bytes = (text: string) => new TextEncoder().encode(text)

const roles: { readonly [role: string]: () => Promise<void> } = {
  async 'adds and ends'() {
    const db = await Varve.open(fsBackend(path))
    for (let n = 0; n < 100; n++) await db.add(bytes(`item ${n}`))
    say('done')
  },

  async 'leaves it to the operating system and ends'() {
    const db = await Varve.open(fsBackend(path), { durability: 'os', maxBufferItems: 5 })
    for (let n = 0; n < 12; n++) await db.add(bytes(`item ${n}`))
    db.on('sync', ({ sequence }) => say(`synced ${sequence}`))
  },

  async 'adds while it ends'() {
    const db = await Varve.open(fsBackend(path))
    await db.add(bytes('first'))
    process.once('beforeExit', () => void db.add(bytes('second')))
  },

  async 'is idle'() {
    const db = await Varve.open(fsBackend(path))
    await db.add(bytes('item'), { durable: true })
    say('done')
  },

  async 'has a full disk'() {
    const disk = faultyBackend(memoryBackend())
    const db = await Varve.open(disk)
    disk.inject({ kind: 'append', times: Number.POSITIVE_INFINITY, fault: fail('NO_SPACE') })
    db.on('failure', ({ error }) => say(`failure ${(error as { code?: string }).code}`))
    await db.add(bytes('item'))
    say('done')
  },

  async 'waits for room'() {
    const disk = faultyBackend(memoryBackend())
    const db = await Varve.open(disk, { maxBufferSize: 128, timeout: 300 })
    disk.inject({ kind: 'append', times: Number.POSITIVE_INFINITY, fault: hold() })
    const adds = Array.from({ length: 5 }, (_, n) => db.add(bytes(`item ${n}, of some length, so that only two have room`)))
    const outcomes = await Promise.allSettled(adds)
    say(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'added' : outcome.reason.code)).join(' '))
  },

  async 'exits at once'() {
    const db = await Varve.open(fsBackend(path))
    await db.add(bytes('durable'), { durable: true })
    await db.add(bytes('buffered'))
    process.exit(3)
  },
}

await roles[role!]!()
