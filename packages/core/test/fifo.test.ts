import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fifo } from '../src/fifo.js'

function filled(count: number): Fifo<number> {
  const queue = new Fifo<number>()
  for (let n = 0; n < count; n++) queue.push(n)
  return queue
}

describe('a queue', () => {
  test('gives first what came in first', () => {
    const queue = filled(3)
    expect(queue.length).toBe(3)
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([0, 1, 2])
    expect(queue.length).toBe(0)
  })

  test('that is empty gives nothing, and goes on', () => {
    const queue = filled(0)
    expect([queue.peek(), queue.at(0), queue.shift(), queue.length]).toEqual([undefined, undefined, undefined, 0])
    expect(queue.drain()).toEqual([])
    expect([...queue]).toEqual([])
    queue.push(7)
    expect([queue.length, queue.peek(), queue.shift(), queue.shift()]).toEqual([1, 7, 7, undefined])
  })

  test('shows what is in it and keeps it', () => {
    const queue = filled(3)
    queue.shift()
    expect([queue.peek(), queue.at(0), queue.at(1), queue.at(2)]).toEqual([1, 1, 2, undefined])
    expect([...queue]).toEqual([1, 2])
    expect(queue.length).toBe(2)
  })

  test('gives up one in its middle, and only one that is still in it', () => {
    const queue = filled(4)
    queue.shift()
    expect([queue.remove(0), queue.remove(2), queue.remove(2), queue.remove(9)]).toEqual([false, true, false, false])
    expect(queue.drain()).toEqual([1, 3])
  })

  test('gives up its last one and goes on', () => {
    const queue = filled(2)
    queue.shift()
    expect(queue.remove(1)).toBe(true)
    expect([queue.length, queue.peek(), queue.shift()]).toEqual([0, undefined, undefined])
    queue.push(5)
    expect([...queue]).toEqual([5])
  })

  test('is emptied at once, in order', () => {
    const queue = filled(4)
    queue.shift()
    expect(queue.drain()).toEqual([1, 2, 3])
    expect(queue.length).toBe(0)
    queue.push(8)
    expect(queue.drain()).toEqual([8])
  })

  test('keeps its order over the lengths at which it makes room', () => {
    for (const count of [1023, 1024, 1025, 2047, 2048, 2049, 5000]) {
      const queue = filled(count)
      for (let n = 0; n < count; n++) {
        if (queue.length !== count - n || queue.at(count - n - 1) !== count - 1) expect.fail(`of ${count}, after ${n}`)
        if (queue.shift() !== n) expect.fail(`of ${count}, at ${n}`)
      }
      expect(queue.shift()).toBeUndefined()
    }
  })

  test('that is never empty holds on to nothing that it gave out', () => {
    const queue = new Fifo<object>()
    const given = Array.from({ length: 5000 }, (_, n) => ({ n }))
    for (const one of given.slice(0, 100)) queue.push(one)
    for (const one of given.slice(100)) {
      queue.push(one)
      queue.shift()
    }
    expect(queue.length).toBe(100)
    expect(queue.peek()).toBe(given[4900])
    expect([...queue]).toEqual(given.slice(4900))
  })

  test('does what an array would', () => {
    type Step = readonly ['push' | 'shift' | 'remove' | 'drain', number]
    const step: fc.Arbitrary<Step> = fc.tuple(
      fc.oneof(
        { weight: 8, arbitrary: fc.constant('push' as const) },
        { weight: 6, arbitrary: fc.constant('shift' as const) },
        { weight: 2, arbitrary: fc.constant('remove' as const) },
        { weight: 1, arbitrary: fc.constant('drain' as const) },
      ),
      fc.nat(20),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const queue = new Fifo<number>()
        const model: number[] = []
        for (const [kind, value] of steps) {
          if (kind === 'push') {
            queue.push(value)
            model.push(value)
          } else if (kind === 'shift') expect(queue.shift()).toBe(model.shift())
          else if (kind === 'drain') expect(queue.drain()).toEqual(model.splice(0))
          else {
            const found = model.indexOf(value)
            expect(queue.remove(value)).toBe(found >= 0)
            if (found >= 0) model.splice(found, 1)
          }
          expect([queue.length, queue.peek(), ...queue]).toEqual([model.length, model[0], ...model])
        }
      }),
    )
  })
})
