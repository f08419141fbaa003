import { type Damage, type Location, type ScannedItem, Varve, VarveError, type VarveErrorCode } from '@varve/core'
import { effectOf } from './damage-effect.js'
import type { DamagedCopy } from './damaged-copy.js'
import { type FileMap, fileMapBackend } from './file-map-backend.js'
import { GOLDEN_OPTIONS, type GoldenItem, type GoldenStore } from './golden-store.js'

/** How much of a copy is looked at. */
export interface CheckDepth {
  /** Scans backwards too. */
  readonly reverse: boolean
  /** Opens it for writing, and repairs it. */
  readonly repair: boolean
}

/** What a copy came to; what it throws otherwise says what was promised. */
export interface CheckCounts {
  reads: number
  repairs: number
}

const READ_ONLY = { ...GOLDEN_OPTIONS, readOnly: true }
/** What reading a damaged item may say. */
const DAMAGED: ReadonlySet<VarveErrorCode> = new Set(['CORRUPT', 'FILE_MISSING', 'FOREIGN_FILE', 'GENESIS_MISMATCH', 'UNSUPPORTED_VERSION'])

/** Looks at a damaged copy in every way a user can, and holds what is seen against what FORMAT.md promises. */
export async function checkCopy(copy: DamagedCopy, depth: CheckDepth, counts: CheckCounts): Promise<void> {
  try {
    if (isOfNewerVersion(copy)) return await checkRefused(copy)
    await checkReading(copy, depth, counts)
    if (depth.repair) await checkWriting(copy)
    if (depth.repair) await checkRepair(copy, counts)
  } catch (error) {
    throw new Error(`${copy.golden.name}, ${copy.what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** Whether a file says that a newer version wrote it, and nothing proves that this is damage. */
function isOfNewerVersion({ golden, files }: DamagedCopy): boolean {
  return [...files].some(([name, bytes]) => {
    const before = golden.files.get(name)
    if (!before || bytes.length < 64 || bytes.subarray(8, 10).every((byte, at) => byte === before[8 + at])) return false
    const hasMagic = bytes.subarray(0, 8).every((byte, at) => byte === before[at])
    const isRest = bytes.subarray(10, 64).every((byte, at) => byte === before[10 + at])
    return hasMagic && !isRest && new DataView(bytes.buffer, bytes.byteOffset).getUint16(8, true) > 1
  })
}

/** What a newer version may have written is not touched, and nothing of it is shown. */
async function checkRefused({ golden, files }: DamagedCopy): Promise<void> {
  const copy: FileMap = new Map(files)
  for (const open of [() => Varve.open(fileMapBackend(copy), READ_ONLY), () => Varve.open(fileMapBackend(copy), GOLDEN_OPTIONS)]) {
    let db: Varve
    try {
      db = await open()
    } catch (error) {
      if (!VarveError.is(error) || error.code !== 'UNSUPPORTED_VERSION') throw error
      continue
    }
    for (const item of golden.items) assertOutcome(await outcomeOf(() => db.read(item.location)), item, false, false)
    const around = await scanned(db.scan({ onDamage: () => {} }))
    if (around.error) throw around.error
    assertGolden(golden, around.items)
    if ((await db.verify()).isIntact) throw new Error('verify says that a store with a file of a newer version is intact')
    await db.stop()
  }
  const before: FileMap = new Map(copy)
  const outcome = await outcomeOf(async () => void (await Varve.repair(fileMapBackend(copy), GOLDEN_OPTIONS)))
  if (outcome.error?.code !== 'UNSUPPORTED_VERSION') throw new Error('a repair takes a file of a newer version for damaged')
  if (!isSameMap(before, copy)) throw new Error('a repair that was refused changed files')
}

async function checkReading(copy: DamagedCopy, { reverse }: CheckDepth, counts: CheckCounts): Promise<void> {
  const { golden, files, byte, codes } = copy
  const { intact, cut, isDamaged } = effectOf(copy)
  const db = await Varve.open(fileMapBackend(files), READ_ONLY)
  for (const item of golden.items) {
    const outcome = await outcomeOf(() => db.read(item.location))
    assertOutcome(outcome, item, intact.has(item), cut.has(item))
    const code = codes?.get(item.file)
    if (code && outcome.error?.code !== code) throw new Error(`item ${item.sequence} reads as ${outcome.error?.message}, expected ${code}`)
    counts.reads++
  }
  const plain = await scanned(db.scan())
  assertGolden(golden, plain.items)
  if (plain.error && !DAMAGED.has(plain.error.code)) throw plain.error
  assertEnds(plain, golden, cut)
  if (!isDamaged && plain.error) throw new Error(`a scan ends with ${plain.error.message}, though nothing durable is damaged`)
  const damages: Damage[] = []
  const around = await scanned(db.scan({ onDamage: (damage) => damages.push(damage) }))
  if (around.error) throw around.error
  assertGolden(golden, around.items)
  assertAll(
    around.items,
    [...intact].filter((item) => !cut.has(item)),
    'scan around the damage',
  )
  if (reverse) {
    const plainBack = await scanned(db.scan({ reverse: true }))
    assertGolden(golden, [...plainBack.items].reverse())
    if (plainBack.error && !DAMAGED.has(plainBack.error.code)) throw plainBack.error
    assertEnds(plainBack, golden, cut)
    const back = await scanned(db.scan({ reverse: true, onDamage: () => {} }))
    if (back.error) throw back.error
    if (keysOf(back.items.reverse()) !== keysOf(around.items)) throw new Error('a scan backwards gives other items than one forwards')
    const places: Location[] = []
    for await (const { location } of db.locations({ onDamage: () => {} })) places.push(location)
    if (JSON.stringify(places) !== JSON.stringify(around.items.map(({ location }) => location)))
      throw new Error('locations() gives other places than scan()')
  }
  const report = await db.verify()
  await db.stop()
  if (report.isIntact === isDamaged) throw new Error(`verify says isIntact: ${report.isIntact} with ${JSON.stringify(report.damages)}`)
  if (report.items !== around.items.length) throw new Error(`verify counts ${report.items} items where a scan shows ${around.items.length}`)
  if (isDamaged && damages.length === 0) throw new Error('a scan around damage tells of none')
  assertLost(golden, report.damages, intact, cut)
  if (byte && isDamaged && !report.damages.some((damage) => damage.file === byte.file && covers(damage, byte.offset))) {
    throw new Error(`verify names ${JSON.stringify(report.damages)}`)
  }
}

function covers({ offset, length }: Damage, byte: number): boolean {
  return byte >= offset && byte < offset + length
}

/** The sequences said to be lost are those of the items that are: no other, and none is left out. */
function assertLost(golden: GoldenStore, damages: readonly Damage[], intact: ReadonlySet<GoldenItem>, cut: ReadonlySet<GoldenItem>): void {
  const said = new Set<number>()
  for (const { lost } of damages) for (let sequence = lost?.from ?? 0; sequence < (lost?.to ?? 0); sequence++) said.add(sequence)
  // How much is lost with the last files nothing tells.
  const { names } = golden
  const isWhole = (name: string): boolean =>
    damages.some(
      (damage) =>
        isUnusable(damage) &&
        names
          .slice(names.indexOf(damage.file))
          .slice(0, damage.files ?? 1)
          .includes(name),
    )
  const untold = names.filter((_, n) => names.slice(n).every(isWhole))
  for (const item of golden.items) {
    if (intact.has(item) && said.has(item.sequence)) throw new Error(`verify says that item ${item.sequence} is lost, and it is intact`)
    if (!intact.has(item) && !cut.has(item) && !said.has(item.sequence) && !untold.includes(item.file))
      throw new Error(`verify does not say that item ${item.sequence} is lost: ${JSON.stringify(damages)}`)
  }
}

function isUnusable({ kind, length }: Damage): boolean {
  return kind === 'foreign-file' || kind === 'missing-file' || (kind === 'file-header' && length !== 64)
}

/** Opens it for writing: either that fails by name and changes nothing, or everything that is shown is right. */
async function checkWriting(copy: DamagedCopy): Promise<void> {
  const { golden, files } = copy
  const changed: FileMap = new Map(files)
  const { intact, cut } = effectOf(copy)
  const db = new Varve(fileMapBackend(changed), GOLDEN_OPTIONS)
  try {
    await db.start()
  } catch (error) {
    if (!VarveError.is(error) || !DAMAGED.has(error.code)) throw error
    if (!isSameMap(changed, files)) throw new Error(`a start that failed with ${error.code} changed files`)
    return
  }
  for (const item of golden.items) {
    const outcome = await outcomeOf(() => db.read(item.location))
    assertOutcome(outcome, item, intact.has(item) && !cut.has(item), cut.has(item))
  }
  const plain = await scanned(db.scan())
  assertGolden(golden, plain.items)
  if (plain.error && !DAMAGED.has(plain.error.code)) throw plain.error
  const around = await scanned(db.scan({ onDamage: () => {} }))
  if (around.error) throw around.error
  assertGolden(golden, around.items)
  assertAll(
    around.items,
    [...intact].filter((item) => !cut.has(item)),
    'scan of a running store around the damage',
  )
  await db.stop()
}

async function checkRepair(copy: DamagedCopy, counts: CheckCounts): Promise<void> {
  const { golden, files } = copy
  const repaired: FileMap = new Map(files)
  const backend = fileMapBackend(repaired)
  const { intact, cut, isDamaged } = effectOf(copy)
  const plan = await Varve.repair(backend, { ...GOLDEN_OPTIONS, dryRun: true })
  if (!isSameMap(repaired, files)) throw new Error('a dry run changed files')
  const report = await Varve.repair(backend, GOLDEN_OPTIONS)
  counts.repairs++
  if (JSON.stringify(plan.steps) !== JSON.stringify(report.steps)) throw new Error('a repair does not do what its dry run says')
  if (report.steps.length > 0 !== isDamaged) throw new Error(`the repair's steps are ${JSON.stringify(report.steps)}`)
  assertKept(
    files,
    repaired,
    report.steps.flatMap(({ savedAs }) => savedAs),
  )
  const kept = [...intact].filter((item) => !cut.has(item))
  const db = await Varve.open(backend, GOLDEN_OPTIONS)
  const verified = await db.verify()
  if (!verified.isIntact) throw new Error(`after the repair verify says ${JSON.stringify(verified.damages)}`)
  const { items, error } = await scanned(db.scan())
  if (error) throw error
  assertGolden(golden, items)
  assertAll(items, kept, 'scan after the repair')
  for (const item of golden.items) {
    const outcome = await outcomeOf(() => db.read(item.location))
    assertOutcome(outcome, item, kept.includes(item), cut.has(item))
  }
  await assertGoesOn(db, golden, cut, backend)
  const again = await Varve.repair(backend, GOLDEN_OPTIONS)
  if (again.steps.length > 0) throw new Error(`a second repair does ${JSON.stringify(again.steps)}`)
}

/** A repaired store takes items, in places and with sequences that no item had. */
async function assertGoesOn(
  db: Varve,
  golden: GoldenStore,
  cut: ReadonlySet<GoldenItem>,
  backend: ReturnType<typeof fileMapBackend>,
): Promise<void> {
  const data = Uint8Array.of(1, 2, 3)
  const location = await db.add(data, { durable: true })
  await db.stop()
  const again = await Varve.open(backend, GOLDEN_OPTIONS)
  if (String(await again.read(location)) !== String(data)) throw new Error('an item that was added after the repair is not there')
  await again.stop()
  // What was cut may never have been durable: its places are free.
  const others = golden.items.filter((item) => !cut.has(item))
  if (others.some((item) => item.location.index === location.index && item.location.position === location.position))
    throw new Error('an item that was added after the repair has the place of another')
}

/** Every byte that is not where it was any more is kept in what was set aside. */
function assertKept(before: FileMap, after: FileMap, saved: readonly string[]): void {
  const kept = saved.map((name) => {
    const bytes = after.get(name)
    if (!bytes) throw new Error(`the repair says that it saved ${name}, and there is no such file`)
    return Buffer.from(bytes)
  })
  for (const [name, bytes] of before) {
    const now = after.get(name) ?? new Uint8Array(0)
    if (now === bytes) continue
    const isKept = keptIn(bytes, kept)
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] === now[at] || isKept[at] || isZeroTail(bytes, at)) continue
      throw new Error(`the repair changed byte ${at} of ${name} and kept no copy of what was there`)
    }
  }
}

/** Which bytes of a file stand in any of the copies. */
function keptIn(bytes: Uint8Array, kept: readonly Buffer[]): readonly boolean[] {
  const file = Buffer.from(bytes)
  const isKept = new Array<boolean>(file.length).fill(false)
  for (const copy of kept) {
    for (let at = file.indexOf(copy); at >= 0 && copy.length > 0; at = file.indexOf(copy, at + 1)) isKept.fill(true, at, at + copy.length)
  }
  return isKept
}

// Space that was never written is not kept.
function isZeroTail(bytes: Uint8Array, from: number): boolean {
  return bytes.subarray(from).every((byte) => byte === 0)
}

interface Outcome {
  readonly data?: Uint8Array | undefined
  readonly error?: VarveError
}

async function outcomeOf(read: () => Promise<Uint8Array | undefined>): Promise<Outcome> {
  try {
    return { data: await read() }
  } catch (error) {
    if (!VarveError.is(error)) throw error
    return { error }
  }
}

function assertOutcome(
  { data, error }: Outcome,
  { location, data: expected, sequence }: GoldenItem,
  isIntact: boolean,
  mayBeCut: boolean,
): void {
  const what = `item ${sequence} at ${location.index}:${location.position}:${location.size}`
  if (data) {
    if (Buffer.compare(data, expected) !== 0) throw new Error(`${what} reads as other bytes`)
    return
  }
  if (isIntact) throw new Error(`${what} is intact and reads as ${error ? error.message : 'nothing'}`)
  if (error && !DAMAGED.has(error.code) && !(mayBeCut && error.code === 'INVALID_LOCATION'))
    throw new Error(`${what} is damaged, and to read it says ${error.code}: ${error.message}`)
  if (!error && !mayBeCut) throw new Error(`${what} is damaged and reads as if nothing had been there`)
}

interface Scanned {
  readonly items: ScannedItem[]
  readonly error?: VarveError
}

async function scanned(scan: AsyncIterable<ScannedItem>): Promise<Scanned> {
  const items: ScannedItem[] = []
  try {
    for await (const item of scan) items.push(item)
    return { items }
  } catch (error) {
    if (!VarveError.is(error)) throw error
    return { items, error }
  }
}

function assertGolden(golden: GoldenStore, items: readonly ScannedItem[]): void {
  let before = -1
  for (const { location, data, sequence } of items) {
    const item = golden.items.find((one) => one.location.index === location.index && one.location.position === location.position)
    if (!item || item.location.size !== location.size || Buffer.compare(item.data, data) !== 0) {
      throw new Error(`a scan shows an item at ${location.index}:${location.position}:${location.size} that was never stored`)
    }
    if (item.sequence !== sequence && !golden.shortened.has(item.file))
      throw new Error(`a scan gives item ${item.sequence} the sequence ${sequence}`)
    if (sequence <= before) throw new Error(`a scan shows item ${sequence} behind item ${before}`)
    before = sequence
  }
}

function assertAll(items: readonly ScannedItem[], expected: readonly GoldenItem[], what: string): void {
  const shown = new Set(items.map(({ sequence }) => sequence))
  const missing = expected.filter(({ sequence }) => !shown.has(sequence))
  if (missing.length > 0) throw new Error(`${what}: intact items are missing: ${missing.map(({ sequence }) => sequence)}`)
}

/** A scan that tells of no damage has shown everything. */
function assertEnds({ items, error }: Scanned, golden: GoldenStore, cut: ReadonlySet<GoldenItem>): void {
  if (!error)
    assertAll(
      items,
      golden.items.filter((item) => !cut.has(item)),
      'scan that ends without an error',
    )
}

function keysOf(items: readonly ScannedItem[]): string {
  return items
    .map(({ location, sequence, timestamp }) => `${sequence}@${location.index}:${location.position}:${location.size}/${timestamp}`)
    .join(' ')
}

function isSameMap(a: FileMap, b: FileMap): boolean {
  if (a.size !== b.size) return false
  return [...a].every(([name, bytes]) => {
    const other = b.get(name)
    return other === bytes || (other !== undefined && Buffer.compare(other, bytes) === 0)
  })
}
