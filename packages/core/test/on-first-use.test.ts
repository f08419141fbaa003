import { expect, test } from 'vitest'
import { onFirstUse } from '../src/on-first-use.js'

test('a part is loaded once, by the first who needs it, and is there at once from then on', async () => {
  let loads = 0
  const part = onFirstUse(async () => ({ number: ++loads }))
  expect(loads).toBe(0)
  expect(await Promise.all([part(), part()])).toEqual([{ number: 1 }, { number: 1 }])
  expect(part()).toEqual({ number: 1 })
})

test('a load that fails is told to all who wait for it, and tried again for the next', async () => {
  let loads = 0
  const part = onFirstUse(async () => {
    if (++loads === 1) throw new Error('offline')
    return loads
  })
  expect(await Promise.allSettled([part(), part()])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  expect(await part()).toBe(2)
})
