import { CrashViolation, everyCrash, powerLossBackend } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { append, holds, type Ledger, logProgram, type Mistakes, TinyLog } from './tiny-log.js'

const nothing = (): Ledger => ({ durable: [], maybe: [] })

async function violation(run: Promise<unknown>): Promise<CrashViolation> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(CrashViolation)
  return error as CrashViolation
}

describe('a program that keeps its promise', () => {
  test('passes in every state that a power cut could leave', async () => {
    const report = await everyCrash({ ...logProgram({}), promised: nothing() })
    expect(report.moments).toBeGreaterThan(10)
    expect(report.states).toBeGreaterThan(40)
  })

  test('passes when its recovery, and what it does then, loses power too, three deep', async () => {
    const deep = (depth: number) => everyCrash({ ...logProgram({}), promised: nothing(), depth })
    const once = await deep(1)
    const twice = await deep(2)
    expect(twice.states).toBeGreaterThan(once.states)
    expect((await deep(3)).states).toBeGreaterThan(twice.states)
  })

  test('passes with a compaction, at every step of it', async () => {
    await everyCrash({ ...compaction({}), promised: nothing() })
  })
})

describe('a mistake that loses what was acknowledged', () => {
  test.each<[keyof Mistakes]>([
    ['acknowledgesBeforeSync'],
    ['doesNotWaitForSync'],
    ['syncsBeforeAppendIsOver'],
    ['checksNothing'],
    ['leavesTornTail'],
  ])('is caught: %s', async (mistake) => {
    await violation(everyCrash({ ...logProgram({ [mistake]: true }), promised: nothing() }))
  })

  test.each<[keyof Mistakes]>([['compactsWithoutSync'], ['removesBeforeReplace']])('is caught: %s', async (mistake) => {
    await violation(everyCrash({ ...compaction({ [mistake]: true }), promised: nothing() }))
  })

  test('is caught: an acknowledgement that does not wait for the sync, however many promises are between', async () => {
    const through = async <T>(layers: number, work: () => Promise<T>): Promise<T> => (layers === 0 ? work() : through(layers - 1, work))
    const program = logProgram({ doesNotWaitForSync: true })
    const run = async (backend: ReturnType<typeof powerLossBackend>, ledger: Ledger) => {
      const log = await TinyLog.open(backend, { doesNotWaitForSync: true })
      ledger.maybe = ['line']
      await through(8, () => log.append('line'))
      ledger.durable = ['line']
    }
    await violation(everyCrash({ ...program, run, promised: nothing() }))
  })

  test('is caught: a directory that is never synced', async () => {
    const backend = powerLossBackend({ directorySync: false })
    const { message } = await violation(everyCrash({ ...logProgram({}), backend, promised: nothing() }))
    expect(message).toContain('create log lost')
  })

  test('is caught: a file whose name is synced only when it is replaced or removed', async () => {
    const backend = powerLossBackend({ directorySync: ['replace', 'remove', 'lock'] })
    await violation(everyCrash({ ...logProgram({}), backend, promised: nothing() }))
  })

  test('is caught: a failed sync that is tried again', async () => {
    const program = (mistakes: Mistakes) => ({
      backend: powerLossBackend(),
      promised: nothing(),
      run: async (backend: ReturnType<typeof powerLossBackend>, ledger: Ledger) => {
        const log = await TinyLog.open(backend, mistakes)
        await append(log, ledger, 'before the failure')
        backend.failNextSync()
        await append(log, ledger, 'the sync of this fails').catch(() => undefined)
        await append(log, ledger, 'after the failure').catch(() => undefined)
      },
      check: logProgram({}).check,
    })
    await everyCrash(program({}))
    await violation(everyCrash(program({ triesFailedSyncAgain: true })))
  })

  test.each<[keyof Mistakes]>([['doesNotRewrite'], ['doesNotSyncRecovery']])(
    'is caught: a recovery after a failed sync that serves what only the cache has (%s)',
    async (mistake) => {
      const program = (mistakes: Mistakes) => ({
        backend: powerLossBackend(),
        promised: nothing(),
        run: async (backend: ReturnType<typeof powerLossBackend>, ledger: Ledger) => {
          const log = await TinyLog.open(backend)
          backend.failNextSync()
          await append(log, ledger, 'the sync of this fails').catch(() => undefined)
          // The process ends without a power cut: what it appended is in the cache, and so is what it cut.
          const next = await TinyLog.open(backend, mistakes)
          ledger.maybe = []
          ledger.durable = [...next.lines]
          await append(next, ledger, 'goes on')
        },
        check: logProgram({}).check,
      })
      await everyCrash(program({}))
      await violation(everyCrash(program({ [mistake]: true })))
    },
  )
})

describe('what it says', () => {
  test('has what the check threw, where that is no error', async () => {
    const word = 'a word' as unknown as Error
    const check = () => Promise.reject(word)
    const error = await violation(everyCrash({ ...logProgram({}), promised: nothing(), check }))
    expect(error.message).toMatch(/; then a word$/)
  })

  test('names the moment, the state, what was promised, and why the check failed', async () => {
    const error = await violation(everyCrash({ ...logProgram({ acknowledgesBeforeSync: true }), promised: nothing() }))
    expect(error.message).toMatch(/^power lost before step 4, append log: log: 0\.\.47 lost; then \[\] is none of/)
    expect(error.cause).toBeInstanceOf(Error)
    expect(error.promised).toEqual({ durable: ['a line that is longer than two sectors are'], maybe: ['short'] })
    expect(error.states.map(({ files }) => files)).toEqual([new Map([['log', new Uint8Array(0)]])])
  })

  test('tells the whole story of a recovery that loses power', async () => {
    const error = await violation(
      everyCrash({
        backend: powerLossBackend({ files: new Map([['a', Uint8Array.of(1)]]) }),
        promised: null,
        depth: 2,
        run: (backend) => backend.lock(),
        // A recovery that can't be repeated.
        check: async (backend) => {
          await backend.remove('a')
          await backend.create('a')
        },
      }),
    )
    expect(error.message).toMatch(
      /^power lost before step 1, lock: nothing in doubt; in recovery, power lost during step 1, remove a: remove a there; then .*there is no file a$/,
    )
    expect(error.states.map(({ files }) => [...files.keys()])).toEqual([['a'], []])
  })

  test('is the story with the fewest power cuts, also where a longer one is nearer', async () => {
    const error = await violation(
      everyCrash({
        promised: null,
        depth: 3,
        run: async (backend) => {
          await backend.create('a')
          await backend.create('b')
        },
        // Fails with two files, of which the second power cut may leave the second one as well.
        check: async (backend) => {
          const names = await backend.list()
          if (names.length > 1) throw new Error('two files')
          if (names.length === 1) await backend.create('c')
        },
      }),
    )
    expect(error.states).toHaveLength(1)
  })

  test('rejects as the program does where that fails by itself', async () => {
    const run = async () => Promise.reject(new Error('wrong from the start'))
    await expect(everyCrash({ promised: null, run, check: () => undefined })).rejects.toThrow('wrong from the start')
  })
})

describe('the loop', () => {
  test('keeps what was promised at each moment, not what was promised later', async () => {
    const promises: string[] = []
    await everyCrash({
      promised: [] as number[],
      run: async (backend, promised) => {
        for (const name of ['a', 'b']) {
          await backend.create(name)
          promised.push(promised.length)
        }
      },
      check: (_, promised, state) => void promises.push(`${JSON.stringify(promised)} ${[...state.files.keys()]}`),
    })
    expect(promises).toEqual(['[] ', '[] a', '[0] a', '[0] a,b', '[0,1] a,b'])
  })

  test('checks equal states with equal promises once', async () => {
    const seen: string[] = []
    const report = await everyCrash({
      promised: null,
      run: async (backend) => {
        const file = await backend.create('a')
        for (let round = 0; round < 5; round++) {
          await file.append([Uint8Array.of(1)], 0)
          await file.sync()
          await file.truncate(0)
          await file.sync()
        }
      },
      check: (_, __, state) => void seen.push(state.hash),
    })
    expect(new Set(seen).size).toBe(seen.length)
    expect(report.states).toBe(seen.length)
    // No file, an empty one, and a byte that is there, zero or garbage.
    expect(seen).toHaveLength(5)
  })

  test('gives every check a backend of its own', async () => {
    await everyCrash({
      promised: null,
      run: async (backend) => {
        await backend.create('a')
        await backend.lock()
      },
      check: async (backend) => {
        expect(backend.locked).toBe(false)
        await backend.lock()
        if ((await backend.list()).includes('a')) await backend.remove('a')
      },
    })
  })
})

function compaction(mistakes: Mistakes) {
  return {
    run: async (backend: ReturnType<typeof powerLossBackend>, ledger: Ledger) => {
      const log = await TinyLog.open(backend, mistakes)
      await append(log, ledger, 'to be dropped')
      await append(log, ledger, 'to be kept by the compaction')
      await log.compact()
      await append(log, ledger, 'after it')
    },
    check: async (backend: ReturnType<typeof powerLossBackend>, { durable, maybe }: Ledger) => {
      const log = await TinyLog.open(backend, mistakes)
      // The first line may be dropped once the second is there.
      if (durable.length > 1 && log.lines[0] !== 'to be dropped') holds(log, { durable: durable.slice(1), maybe })
      else holds(log, { durable, maybe })
      await log.close()
    },
  }
}
