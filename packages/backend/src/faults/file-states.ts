import { type ContentHash, hashBytes } from './content-hash.js'
import type { FileSnapshot } from './durable-file.js'
import { fatesOf } from './fates.js'
import { FileImage, type FileOperation, type FileWrite } from './file-operation.js'
import type { CrashStateOptions } from './power-loss.js'
import { type Random, seededRandom } from './seeded-random.js'
import { applyDamage, damagesOf, randomDamage, type WriteDamage } from './write-damage.js'

/** @internal One thing that a power cut may leave of a file. */
export interface FileState {
  readonly bytes: Uint8Array
  readonly hash: ContentHash
  /** What became of each operation that was in doubt; empty where none was. */
  describe(): string
}

/** What became of one operation: it is lost, it is there, or (a write) it is there in part. */
type Fate = 0 | 1 | WriteDamage

interface FateOfFile {
  /** Of each operation that is in doubt. */
  readonly fates: readonly Fate[]
  readonly padding: number
}

const clean = new WeakMap<Uint8Array, FileState>()

/** @internal Everything that a power cut may leave of a file, each once. Where there are several, the first is the one without, the second the one with all that is in doubt. */
export function fileStates(snapshot: FileSnapshot, options: Required<CrashStateOptions>): readonly FileState[] {
  if (isCertain(snapshot)) return [cleanState(snapshot.durable)]
  const assemble = assembler(snapshot, options.seed)
  const states: FileState[] = []
  const known = new Set<number>()
  for (const { fates, padding } of fatesOfFile(snapshot, options)) {
    const state = assemble(fates, padding)
    // 53 bits of the hash, for a key that is cheap.
    const key = (state.hash.high & 0x1fffff) * 0x100000000 + (state.hash.low >>> 0)
    if (known.has(key)) continue
    known.add(key)
    states.push(state)
  }
  return states
}

/** @internal One of them at random. */
export function randomFileState(snapshot: FileSnapshot, sectorSize: number, random: Random): FileState {
  if (isCertain(snapshot)) return cleanState(snapshot.durable)
  const assemble = assembler(snapshot, random(0x7fffffff))
  return assemble(randomFates(doubtful(snapshot.operations), sectorSize, random), random(2) * snapshot.padding)
}

function isCertain({ operations, padding }: FileSnapshot): boolean {
  return operations.length === 0 && padding === 0
}

function cleanState(durable: Uint8Array): FileState {
  let state = clean.get(durable)
  if (!state) {
    state = { bytes: durable, hash: hashBytes(durable), describe: () => '' }
    clean.set(durable, state)
  }
  return state
}

function doubtful(operations: readonly FileOperation[]): FileOperation[] {
  return operations.filter(({ standing }) => standing !== 'durable')
}

function* fatesOfFile(snapshot: FileSnapshot, options: Required<CrashStateOptions>): Generator<FateOfFile> {
  const inDoubt = doubtful(snapshot.operations)
  const ways = inDoubt.map(() => 2)
  for (const padding of new Set([0, snapshot.padding])) {
    for (const fates of fatesOf(ways, options)) yield { fates: fates as Fate[], padding }
  }
  for (const fates of damagedFates(snapshot, inDoubt, options)) yield { fates, padding: 0 }
  const random = seededRandom(options.seed)
  for (let sample = 0; sample < options.samples; sample++) {
    yield { fates: randomFates(inDoubt, options.sectorSize, random), padding: random(2) * snapshot.padding }
  }
}

/** Each write in doubt damaged in each way: with what was done before it there and the rest lost, with all else there, and with all else lost. */
function* damagedFates(
  { durable, operations }: FileSnapshot,
  inDoubt: readonly FileOperation[],
  options: Required<CrashStateOptions>,
): Generator<readonly Fate[]> {
  for (const [at, write] of inDoubt.entries()) {
    if (write.type !== 'write') continue
    const earlier = operations.slice(0, operations.indexOf(write))
    const covers = durable.length > write.at || earlier.some((each) => reach(each) > write.at)
    const behindCut = inDoubt.some(({ type }, index) => index < at && type === 'cut')
    for (const damage of damagesOf(write, covers, options)) {
      const others = (fate: (operation: FileOperation, index: number) => Fate) =>
        inDoubt.map((operation, index) => (index === at ? damage : fate(operation, index)))
      yield others((_, index) => (index < at ? 1 : 0))
      if (at > 0) yield others(() => 0)
      if (at < inDoubt.length - 1) yield others(() => 1)
      // Where what was cut is old bytes, they show through only if the cut is lost.
      if (behindCut) yield others(({ type }, index) => (index < at && type !== 'cut' ? 1 : 0))
    }
  }
}

function randomFates(inDoubt: readonly FileOperation[], sectorSize: number, random: Random): Fate[] {
  return inDoubt.map((operation) => {
    const way = random(4)
    return way > 1 && operation.type === 'write' ? randomDamage(operation, sectorSize, random) : way % 2 === 1 ? 1 : 0
  })
}

function reach(operation: FileOperation): number {
  return operation.type === 'cut' ? 0 : operation.at + operation.bytes.length
}

/** Builds states of one file. What no operation touches is hashed once for all of them. */
function assembler({ durable, operations }: FileSnapshot, seed: number): (fates: readonly Fate[], padding: number) => FileState {
  const untouched = operations.reduce((least, { at }) => Math.min(least, at), durable.length)
  const start = hashBytes(durable.subarray(0, untouched))
  const inDoubt = doubtful(operations)
  return (fates, padding) => {
    const image = new FileImage(durable, operations, padding)
    let next = 0
    for (const operation of operations) {
      const fate = operation.standing === 'durable' ? 1 : fates[next++]!
      if (fate === 1) image.apply(operation)
      else if (fate !== 0) applyDamage(image, operation as FileWrite, fate, seed)
    }
    if (padding > 0) image.extend(image.bytes.length + padding)
    const { bytes } = image
    return { bytes, hash: hashBytes(bytes.subarray(untouched), start), describe: () => describe(inDoubt, fates, padding) }
  }
}

function describe(inDoubt: readonly FileOperation[], fates: readonly Fate[], padding: number): string {
  const words = inDoubt.map((operation, index) => {
    const fate = fates[index]!
    const what = operation.type === 'cut' ? `cut to ${operation.at}` : `${operation.at}..${reach(operation)}`
    return `${what} ${fate === 0 ? 'lost' : fate === 1 ? 'there' : fate.label}`
  })
  return [...words, ...(padding > 0 ? [`${padding} zeros behind the end`] : [])].join(', ')
}
