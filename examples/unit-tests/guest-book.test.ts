import { everyCrash, fail, faultyBackend } from '@varve/backend/faults'
import { memoryBackend } from '@varve/memory-backend'
import { open } from 'varve'
import { describe, expect, test } from 'vitest'
import { type Entry, GuestBook } from './guest-book.js'

const ada = { guest: 'Ada', words: 'a fine engine' }
const alan = { guest: 'Alan', words: 'does it halt?' }
const party = [
  { guest: 'Grace', words: 'mind the moth' },
  { guest: 'Edsger', words: 'no gotos seen' },
]

describe('a guest book', () => {
  test('shows what was signed, in order', async () => {
    await using db = await open(memoryBackend())
    const book = new GuestBook(db)
    await book.sign(ada)
    await book.signTogether(party)
    expect(await book.entries()).toEqual([ada, ...party])
  })

  test('is there again after a restart', async () => {
    const backend = memoryBackend()
    const before = await open(backend)
    await new GuestBook(before).sign(ada)
    await before.stop()

    await using after = await open(memoryBackend({ volume: backend.volume }))
    expect(await new GuestBook(after).entries()).toEqual([ada])
  })

  test('says so when the disk is full, and has the entry once there is space', async () => {
    const disk = faultyBackend(memoryBackend())
    await using db = await open(disk)
    const book = new GuestBook(db)
    disk.inject({ kind: 'append', fault: fail('NO_SPACE') })
    await expect(book.sign(ada)).rejects.toMatchObject({ code: 'NO_SPACE', pending: true })
    await db.flush()
    expect(await book.entries()).toEqual([ada])
  })

  test('keeps every entry that was signed, and a party whole, whenever the power goes', async () => {
    const report = await everyCrash({
      promised: { signed: [] as Entry[] },
      run: async (disk, promised) => {
        const db = await open(disk)
        const book = new GuestBook(db)
        await book.sign(ada)
        promised.signed.push(ada)
        await book.signTogether(party)
        promised.signed.push(...party)
        await book.sign(alan)
        promised.signed.push(alan)
        await db.stop()
      },
      check: async (disk, { signed }) => {
        await using db = await open(disk)
        const entries = await new GuestBook(db).entries()
        expect(entries.slice(0, signed.length)).toEqual(signed)
        const guests = entries.map(({ guest }) => guest)
        expect(guests.includes('Grace')).toBe(guests.includes('Edsger'))
      },
    })
    expect(report.states).toBeGreaterThan(50)
  })
})
