import { act, fail, hold } from '@varve/backend/faults'
import { describe, expect, test, vi } from 'vitest'
import { settle } from './support/event-loop.js'
import { fillUpTo } from './support/layout.js'
import { codeOf, failOnUnhandledRejections } from './support/rejections.js'
import { inject, newStore, openStore, recordEvents } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024 } as const

describe('retention', () => {
  test('drops what goes beyond its limits while it drops', async () => {
    const { db, disk } = await openStore({ ...SMALL, retention: { maxFiles: 2 } })
    await fillUpTo(db, 1)
    const gate = inject(disk, hold(), { kind: 'remove', name: 'data00000.dat' })
    const filling = fillUpTo(db, 2)
    await gate.reached
    gate.release()
    await filling
    await fillUpTo(db, 6)
    await vi.waitFor(async () => expect(await db.stats()).toMatchObject({ firstIndex: 5, lastIndex: 6 }))
    await db.stop()
  })

  test('that waits for nobody is not asked by a cursor that moves', async () => {
    const { db } = await openStore({ ...SMALL, retention: { maxFiles: 3, cursors: ['indexer'] } })
    await fillUpTo(db, 1)
    await (await db.cursor('indexer')).commit({ sequence: 0 })
    expect(await db.stats()).toMatchObject({ firstIndex: 0, lastIndex: 1 })
    await db.stop()
  })

  test('drops nothing for a cursor whose new place is in the file, and not durable yet', async () => {
    const { db, disk } = await openStore({ ...SMALL, retention: { maxFiles: 1, cursors: ['indexer'] } })
    const laid = await fillUpTo(db, 2)
    const gate = inject(disk, hold({ when: 'after' }), { kind: 'replace', name: 'cursor-indexer' })
    const committing = (await db.cursor('indexer')).commit({ sequence: laid.length - 1 })
    await gate.reached
    await fillUpTo(db, 3)
    await settle(40)
    expect(await db.stats()).toMatchObject({ firstIndex: 0, lastIndex: 3 })
    gate.release()
    await committing
    await vi.waitFor(async () => expect((await db.stats()).firstIndex).toBeGreaterThan(0))
    await db.stop()
  })

  test.each(['fails', 'is stopped'])('says nothing of its own where the store %s while it looks', async (how) => {
    const before = await openStore(SMALL)
    await fillUpTo(before.db, 2)
    await before.db.stop()
    const { db, disk, memory } = newStore({ ...SMALL, retention: { maxAge: 1 } }, before.memory)
    const gate = inject(disk, hold(), { kind: 'open', name: 'data00000.dat' })
    await db.start()
    const events = recordEvents(db)
    await gate.reached
    if (how === 'fails') {
      disk.inject({ kind: 'sync', name: 'data00002.dat', fault: fail('IO') })
      expect(await codeOf(db.add(Buffer.from('x'), { durable: true }))).toBe('FAILED')
    }
    const stopping = db.stop()
    gate.release()
    await stopping
    await settle()
    expect(events.filter(({ name }) => name === 'failure')).toHaveLength(how === 'fails' ? 1 : 0)
    expect((await memory.list()).filter((name) => name.endsWith('.dat'))).toHaveLength(3)
  })

  test('leaves alone what a caller drops while it looks for who needs it', async () => {
    const { db, disk } = await openStore({ ...SMALL, overwrite: true, retention: { maxFiles: 3, cursors: ['indexer'] } })
    const laid = await fillUpTo(db, 2)
    await (await db.cursor('indexer')).commit({ sequence: laid.length - 1 })
    const gate = inject(disk, hold(), { kind: 'open', name: 'cursor-indexer' })
    await fillUpTo(db, 3)
    await gate.reached
    await db.dropIndex(0)
    // Another look is asked for meanwhile.
    await fillUpTo(db, 4)
    gate.release()
    await vi.waitFor(async () => expect(await db.stats()).toMatchObject({ firstIndex: 2, lastIndex: 4 }))
    await db.stop()
  })

  test.each([{ maxAge: 1 }, { maxBytes: 1200 }])(
    'by %j says that the file to be dropped is gone, which somebody else has removed',
    async (retention) => {
      const before = await openStore(SMALL)
      await fillUpTo(before.db, 3)
      await before.db.stop()
      const { db, disk, memory, clock } = newStore({ ...SMALL, retention }, before.memory)
      clock.advance(1000)
      const events = recordEvents(db)
      disk.inject({ kind: 'open', name: 'data00000.dat', fault: act('is removed', () => memory.remove('data00000.dat')) })
      await db.start()
      await vi.waitFor(() =>
        expect(events.filter(({ name }) => name === 'failure')).toMatchObject([{ error: { code: 'INDEX_NOT_FOUND' } }]),
      )
      expect(db.state).toBe('running')
      await db.stop()
    },
  )

  test('drops nothing for a cursor where the file that would tell how far it must be is gone', async () => {
    const before = await openStore(SMALL)
    const laid = await fillUpTo(before.db, 3)
    await (await before.db.cursor('indexer')).commit({ sequence: laid.length - 1 })
    await before.db.stop()
    const { db, disk, memory } = newStore({ ...SMALL, retention: { maxFiles: 1, cursors: ['indexer'] } }, before.memory)
    const gone = act('is removed', () => memory.remove('data00001.dat'))
    disk.inject({ kind: 'open', name: 'data00001.dat', fault: gone })
    await db.start()
    await vi.waitFor(async () => expect(await memory.list()).not.toContain('data00001.dat'))
    await settle()
    expect(await db.stats()).toMatchObject({ firstIndex: 0, lastIndex: 3 })
    await db.stop()
  })
})
