import type { BackendFile, BackendLock } from '@varve/backend'
import { expect } from 'vitest'
import type { S3Backend } from '../../src/s3-backend.js'
import { startCuttingProxy } from './cutting-proxy.js'
import { bytes, filesOf, garbageOf } from './stored-files.js'

type Files = Map<string, Uint8Array>

/** One call of the contract, and what it makes of the files. */
interface Step {
  readonly name: string
  readonly run: (session: Session) => Promise<unknown>
  readonly change: (files: Files) => void
}

interface Session {
  readonly backend: S3Backend
  readonly open: Map<string, BackendFile>
  lock?: BackendLock
}

/** Makes a backend of a fresh prefix, or of one that is there; with options that give up at once and merge soon. */
type OpenAt = (prefix: string, endpoint?: string) => S3Backend

const steps: readonly Step[] = [
  { name: 'lock', run: async (session) => void (session.lock = await session.backend.lock()), change: () => {} },
  ...creating('a'),
  ...appending('a', 10, 10, 10, 10, 10),
  ...creating('b'),
  ...appending('b', 20, 20),
  ...cutting('a', 25),
  ...appending('a', 5, 5),
  ...creating('c'),
  ...appending('c', 30, 30),
  {
    name: 'replace b by c',
    run: async (session) => {
      await file(session, 'b').close()
      await session.backend.replace('c', 'b')
      session.open.set('b', file(session, 'c'))
    },
    change: (files) => {
      files.set('b', files.get('c') as Uint8Array)
      files.delete('c')
    },
  },
  ...appending('b', 7),
  { name: 'remove a', run: ({ backend }) => backend.remove('a'), change: (files) => void files.delete('a') },
  ...creating('d'),
  ...appending('d', 9, 9, 9, 9),
  ...cutting('b', 0),
  ...appending('b', 3),
  { name: 'release', run: async ({ lock }) => lock?.release(), change: () => {} },
]

export interface CrashPlan {
  readonly openAt: OpenAt
  /** Where the object store answers. */
  readonly upstream: string
  readonly prefix: string
  /** Every so-manieth request is one to crash at. */
  readonly stride: number
  /** Points that are tried at once. */
  readonly parallel: number
}

/**
 * Runs all of it once, and then once for each request and each side of it, with the connection lost there for good. What is found must
 * be what was, or what would have been. Resolves to the number of points.
 */
export async function everyCrashPoint(plan: CrashPlan): Promise<number> {
  const whole = await startCuttingProxy(plan.upstream)
  expect((await crash(plan.openAt(`${plan.prefix}/whole`, whole.endpoint))).step).toBe('nothing')
  await whole.close()
  const points: CrashPoint[] = []
  for (let at = 1; at <= whole.requests.length; at += plan.stride) points.push({ at, when: 'before' }, { at, when: 'after' })
  const { length } = points
  const work = async (): Promise<void> => {
    for (let point = points.pop(); point; point = points.pop()) await tryPoint(plan, point)
  }
  await Promise.all(Array.from({ length: plan.parallel }, work))
  return length
}

interface CrashPoint {
  readonly at: number
  readonly when: 'before' | 'after'
}

async function tryPoint({ openAt, upstream, prefix }: CrashPlan, point: CrashPoint): Promise<void> {
  const place = `${prefix}/${point.at}-${point.when}`
  const proxy = await startCuttingProxy(upstream)
  proxy.cut = point
  const { before, after, step } = await crash(openAt(place, proxy.endpoint))
  const where = `cut ${point.when} request ${point.at} (${proxy.requests.at(-1)}), in ${step}`
  await proxy.close()
  await expectRecovery(openAt, place, [before, after], where)
}

/** Goes as far as the connection lasts: what there was before the step that failed, and what there would be after it. */
async function crash(backend: S3Backend): Promise<{ readonly before: Files; readonly after: Files; readonly step: string }> {
  const session: Session = { backend, open: new Map() }
  let before: Files = new Map()
  for (const step of steps) {
    const after = new Map(before)
    step.change(after)
    try {
      await step.run(session)
      // What is done beside the work is to be caught too, at a request that is the same each time.
      await backend.container.maintenance.whenIdle()
    } catch {
      return { before, after, step: step.name }
    }
    before = after
  }
  return { before, after: before, step: 'nothing' }
}

async function expectRecovery(openAt: OpenAt, place: string, states: readonly Files[], where: string): Promise<void> {
  const allowed = states.map(asHex)
  const seen = await filesOf(openAt(place))
  expect(allowed, where).toContainEqual(seen)
  const next = openAt(place)
  const lock = await next.lock()
  expect(await filesOf(next), `${where}: after the lock was taken over`).toEqual(seen)
  for (const name of Object.keys(seen)) {
    const one = await next.open(name)
    const end = await one.size()
    await one.append([bytes(4, 99)], end)
    await one.truncate(end + 2)
    await one.append([bytes(2, 98)], end + 2)
    await one.close()
    seen[name] += Buffer.from([...bytes(2, 99), ...bytes(2, 98)]).toString('hex')
  }
  await next.container.maintenance.whenIdle()
  expect(await filesOf(openAt(place)), `${where}: after appends by the next writer`).toEqual(seen)
  await lock.release()
  // What a merge that failed put beside a file is found when that file is next tidied: by a writer that had it open, at the latest by the one after.
  const last = openAt(place)
  const tidy = await last.lock()
  await last.container.maintenance.whenIdle()
  expect(await garbageOf(last), `${where}: what is left over`).toEqual([])
  await tidy.release()
  expect(await filesOf(last), `${where}: in the end`).toEqual(seen)
}

function asHex(files: Files): Record<string, string> {
  return Object.fromEntries([...files].map(([name, content]) => [name, Buffer.from(content).toString('hex')]))
}

function creating(name: string): Step[] {
  return [
    {
      name: `create ${name}`,
      run: async (session) => void session.open.set(name, await session.backend.create(name)),
      change: (files) => void files.set(name, new Uint8Array(0)),
    },
  ]
}

function appending(name: string, ...lengths: readonly number[]): Step[] {
  return lengths.map((length, n) => {
    const content = bytes(length, n + length)
    return {
      name: `append to ${name}`,
      run: async (session) => {
        const one = file(session, name)
        await one.append([content], await one.size())
      },
      change: (files) => void files.set(name, Buffer.concat([files.get(name) as Uint8Array, content])),
    }
  })
}

function cutting(name: string, size: number): Step[] {
  return [
    {
      name: `cut ${name}`,
      run: (session) => file(session, name).truncate(size),
      change: (files) => void files.set(name, (files.get(name) as Uint8Array).subarray(0, size)),
    },
  ]
}

function file({ open }: Session, name: string): BackendFile {
  const found = open.get(name)
  if (!found) throw new Error(`${name} is not open`)
  return found
}
