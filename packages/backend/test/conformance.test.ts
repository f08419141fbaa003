import { conformanceSuite, describeBackend, guarantees, runCase } from '@varve/backend/conformance'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { losingHandles, refusingWhileOpen, withoutSyncCalls } from './conformance/conforming-backends.js'
import type { Flaw } from './conformance/flaw.js'
import { flawsOfBytes } from './conformance/flaws-of-bytes.js'
import { flawsOfLocks } from './conformance/flaws-of-locks.js'
import { flawsOfNames } from './conformance/flaws-of-names.js'
import { Medium, ReferenceBackend } from './conformance/reference-backend.js'

const cases = Object.values(conformanceSuite).flat()
const flaws = [...flawsOfNames, ...flawsOfBytes, ...flawsOfLocks]

const sharing = (backend: Flaw['backend']) => () => {
  const medium = new Medium()
  return { backend: backend(medium), reopen: () => backend(medium) }
}

const results = new Map<Flaw, Promise<readonly string[]>>()

/** The cases that a flaw fails, of those that test what it breaks. */
function casesFailedBy(flaw: Flaw): Promise<readonly string[]> {
  const known = results.get(flaw) ?? runFlaw(flaw)
  results.set(flaw, known)
  return known
}

async function runFlaw({ guarantee, backend }: Flaw): Promise<readonly string[]> {
  // Faked, so that a backend that waits for ever is found out at once.
  vi.useFakeTimers()
  const failed: string[] = []
  for (const one of cases.filter((each) => each.guarantee === guarantee)) {
    const failure = runCase(one, sharing(backend)).then(
      () => {},
      () => failed.push(one.title),
    )
    let settled = false
    void failure.then(() => (settled = true))
    for (let turn = 0; turn < 50 && !settled; turn++) await vi.advanceTimersByTimeAsync(1000)
    await failure
  }
  return failed
}

describeBackend('the reference backend', { make: sharing((medium) => new ReferenceBackend(medium)) })

describeBackend('the reference backend without another process', { make: () => ({ backend: new ReferenceBackend(new Medium()) }) })

describeBackend('a backend without the optional methods', { make: sharing(withoutSyncCalls) })

describeBackend('a backend that changes no name while its file is open', { make: sharing(refusingWhileOpen) })

describeBackend('a backend whose handles die with their file', { make: sharing(losingHandles) })

describe('the conformance suite', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  describe.each(Object.entries(guarantees))('%s: %s', (guarantee) => {
    test.each(flaws.filter((flaw) => flaw.guarantee === guarantee))('catches a backend that $does', async (flaw) => {
      expect(await casesFailedBy(flaw)).not.toEqual([])
    })
  })

  test('has a case and a flaw for every guarantee', () => {
    expect(new Set(cases.map((one) => one.guarantee))).toEqual(new Set(Object.keys(guarantees)))
    expect(new Set(flaws.map((flaw) => flaw.guarantee))).toEqual(new Set(Object.keys(guarantees)))
  })

  test('has no case that no flaw fails', async () => {
    const failed = new Set<string>()
    for (const flaw of flaws) for (const title of await casesFailedBy(flaw)) failed.add(title)
    expect(cases.map((one) => one.title).filter((title) => !failed.has(title))).toEqual([])
  })

  test('names no two cases alike', () => {
    expect(new Set(cases.map((one) => one.title)).size).toBe(cases.length)
  })

  test('closes the files and releases the lock that a case leaves', async () => {
    const closed: string[] = []
    const backend = new ReferenceBackend(new Medium())
    const { create } = backend
    backend.create = async (name) => Object.assign(await create.call(backend, name), { close: async () => void closed.push(name) })
    let disposed = false
    const run = runCase(
      {
        guarantee: 'described',
        title: 'leaves everything open and fails',
        run: async (context) => {
          await context.backend.create('a')
          await context.backend.lock()
          await (await context.reopen()).create('b')
          throw new Error('as it should')
        },
      },
      () => ({
        backend,
        dispose: () => {
          disposed = true
        },
      }),
    )
    await expect(run).rejects.toThrow('as it should')
    expect(closed).toEqual(['a', 'b'])
    expect(backend.medium.holder).toBeUndefined()
    expect(disposed).toBe(true)
  })
})
