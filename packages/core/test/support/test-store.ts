import { type FaultPlan, type FaultyBackend, faultyBackend } from '@varve/backend/faults'
import { type FileBackend, type Location, Varve, type VarveEventName, type VarveEvents, type VarveOptions } from '@varve/core'
import { type MemoryBackend, memoryBackend } from '@varve/memory-backend'
import { ManualClock } from './manual-clock.js'

/** A store under test, with everything around it in the test's hands. */
export interface TestStore {
  readonly db: Varve
  /** What the store is on: counts its calls and makes them fail. */
  readonly disk: FaultyBackend
  /** What is below that: what a process that comes later finds. */
  readonly memory: MemoryBackend
  readonly clock: ManualClock
  readonly options: VarveOptions
}

/** A store that is not started yet. */
export function newStore(options: VarveOptions = {}, memory = memoryBackend()): TestStore {
  const disk = faultyBackend(memory)
  const clock = new ManualClock()
  return { db: new Varve(disk, options, clock), disk, memory, clock, options }
}

/** A store that runs. Calls that a plan counts later begin at its first one. */
export async function openStore(options: VarveOptions = {}, memory = memoryBackend()): Promise<TestStore> {
  const store = newStore(options, memory)
  await store.db.start()
  return store
}

/** Another process that opens the same store, after the one before it was ended as `kill -9` would. */
export async function reopenAfterCrash({ disk, memory, options }: TestStore): Promise<TestStore> {
  await disk.end()
  return openStore(options, memory)
}

export interface StoredItem {
  readonly location: Location
  readonly data: Uint8Array
}

/** Every item of a running store, in order; each is looked up by its location too. */
export async function contentsOf(db: Varve, { buffered = false } = {}): Promise<StoredItem[]> {
  const found: StoredItem[] = []
  let next: number | undefined
  for await (const { location, data, sequence } of db.scan({ buffered })) {
    // A transaction under way is passed over by who looks at what is buffered.
    if (next !== undefined && (buffered ? sequence < next : sequence !== next)) {
      throw new Error(`sequence ${sequence} stands where ${next} is expected`)
    }
    next = sequence + 1
    const read = await db.read(location)
    if (!read || Buffer.compare(read, data) !== 0) throw new Error(`scan and read differ at ${JSON.stringify(location)}`)
    found.push({ location, data })
  }
  return found
}

/** What a process finds that opens the store after the crash of the one before it. */
export async function contentsAfterCrash(store: TestStore): Promise<StoredItem[]> {
  const { db } = await reopenAfterCrash(store)
  const found = await contentsOf(db)
  await db.stop()
  return found
}

/** What a process finds that opens the store after it was stopped. */
export async function contentsAfterStop({ memory, options }: TestStore): Promise<StoredItem[]> {
  const { db } = await openStore(options, memory)
  const found = await contentsOf(db)
  await db.stop()
  return found
}

/** The calls from now on that change something, as words: `append data00000.dat`. */
export function watchWrites(disk: FaultyBackend): () => string[] {
  const before = disk.count()
  const changing = new Set(['create', 'replace', 'remove', 'append', 'truncate', 'sync'])
  return () => disk.calls.filter(({ number, kind }) => number > before && changing.has(kind)).map(({ kind, name }) => `${kind} ${name}`)
}

/** Injects a plan and gives it back: `const gate = inject(disk, hold(), { kind: 'append' })`. */
export function inject<Fault extends Extract<FaultPlan, { fault: unknown }>['fault']>(
  disk: FaultyBackend,
  fault: Fault,
  rule: Omit<Extract<FaultPlan, { fault: unknown }>, 'fault'> = {},
): Fault {
  disk.inject({ ...rule, fault })
  return fault
}

/** The length in bytes of every data file. */
export async function fileLengths(backend: FileBackend): Promise<Map<string, number>> {
  const lengths = new Map<string, number>()
  for (const name of [...(await backend.list())].sort()) {
    if (!name.endsWith('.dat') || name.startsWith('.')) continue
    const file = await backend.open(name)
    lengths.set(name, await file.size())
    await file.close()
  }
  return lengths
}

export type NamedEvent = { [Name in VarveEventName]: { readonly name: Name } & VarveEvents[Name] }[VarveEventName]

const EVENT_NAMES: readonly VarveEventName[] = [
  'start',
  'stop',
  'write',
  'sync',
  'rotate',
  'recover',
  'trim',
  'destroyIndex',
  'destroyDb',
  'cursor',
  'replicate',
  'failure',
]

/** Every event from now on, in order. */
export function recordEvents(db: Varve): NamedEvent[] {
  const events: NamedEvent[] = []
  for (const name of EVENT_NAMES) db.on(name, (event) => void events.push({ name, ...event } as NamedEvent))
  return events
}
