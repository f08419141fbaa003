import { hashFiles, hashName } from './content-hash.js'
import { type DirectoryState, directoryStates, randomDirectoryState } from './directory-states.js'
import type { DirectorySnapshot } from './durable-directory.js'
import type { DurableFile, FileSnapshot } from './durable-file.js'
import { type FileState, fileStates, randomFileState } from './file-states.js'
import type { CrashState, CrashStateOptions, Files, PowerLossBackend } from './power-loss.js'
import { seededRandom } from './seeded-random.js'
import { writeFiles } from './stored-files.js'

/** @internal A disk at one moment, with everything in doubt: never changes. */
export interface DiskSnapshot {
  readonly directory: DirectorySnapshot
  /** Every file that any state of the directory names. */
  readonly files: ReadonlyMap<DurableFile, FileSnapshot>
  /** A new disk of the same kind. */
  readonly backend: (files: Files) => PowerLossBackend
}

const defaults: Required<CrashStateOptions> = { sectorSize: 16, maxSectors: 64, maxSubsets: 64, maxCombinations: 256, samples: 8, seed: 1 }

/** @internal */
export function* crashStates(disk: DiskSnapshot, options: CrashStateOptions): Generator<CrashState> {
  const resolved = { ...defaults, ...options }
  for (const name of ['sectorSize', 'maxSectors', 'maxSubsets', 'maxCombinations'] as const) {
    if (!(resolved[name] >= 1)) throw new RangeError(`${name} is at least 1, not ${resolved[name]}`)
  }
  const known = new Set<string>()
  const states = new Map<DurableFile, readonly FileState[]>()
  for (const directory of directoryStates(disk.directory, resolved)) {
    // A file is the same under all of its names, so what varies are the files, not the names.
    const files = [...new Set(directory.entries.values())]
    for (const file of files) if (!states.has(file)) states.set(file, fileStates(disk.files.get(file)!, resolved))
    const names = [...directory.entries].map(([name, file]) => ({ name, hash: hashName(name), file: files.indexOf(file) }))
    const choices = files.map((file) => states.get(file)!)
    for (const chosen of combinations(choices, resolved)) {
      const hash = hashFiles(names.map((entry) => [entry.hash, chosen[entry.file]!.hash]))
      if (known.has(hash)) continue
      known.add(hash)
      const named = names.map(({ name, file }) => [name, chosen[file]!] as const)
      yield crashState(disk, directory, named, hash)
    }
  }
}

/** @internal */
export function randomCrashState(disk: DiskSnapshot, seed: number, options: Pick<CrashStateOptions, 'sectorSize'>): CrashState {
  const random = seededRandom(seed)
  const directory = randomDirectoryState(disk.directory, random)
  const chosen = new Map<DurableFile, FileState>()
  for (const file of directory.entries.values()) {
    if (!chosen.has(file)) chosen.set(file, randomFileState(disk.files.get(file)!, options.sectorSize ?? defaults.sectorSize, random))
  }
  const files = [...directory.entries].map(([name, file]) => [name, chosen.get(file)!] as const)
  const hash = hashFiles(files.map(([name, state]) => [hashName(name), state.hash]))
  return crashState(disk, directory, files, hash)
}

/** One state of each file: all combinations where they are few; else each state of each file with none and with all of the others, and seeded ones. */
function* combinations(files: readonly (readonly FileState[])[], options: Required<CrashStateOptions>): Generator<FileState[]> {
  const pick = (choice: (index: number) => number) => files.map((states, index) => states[Math.min(choice(index), states.length - 1)]!)
  const count = files.reduce((product, states) => product * states.length, 1)
  if (count <= options.maxCombinations || files.filter((states) => states.length > 1).length === 1) {
    for (let combination = 0; combination < count; combination++) {
      let rest = combination
      yield files.map((states) => {
        const at = rest % states.length
        rest = (rest - at) / states.length
        return states[at]!
      })
    }
    return
  }
  for (const others of [0, 1]) {
    yield pick(() => others)
    for (const [at, states] of files.entries()) {
      for (let state = 0; state < states.length && states.length > 1; state++) yield pick((index) => (index === at ? state : others))
    }
  }
  const random = seededRandom(options.seed)
  for (let sample = 0; sample < options.maxCombinations; sample++) yield files.map((states) => states[random(states.length)]!)
}

function crashState(
  disk: DiskSnapshot,
  directory: DirectoryState,
  states: readonly (readonly [name: string, state: FileState])[],
  hash: string,
): CrashState {
  const files = new Map(states.map(([name, { bytes }]) => [name, bytes]))
  return {
    hash,
    files,
    // Written only when it is asked for: most states pass, and nobody reads what they were.
    get description() {
      const parts = states.map(([name, state]) => [name, state.describe()] as const).filter(([, words]) => words !== '')
      return (
        [directory.describe(), ...parts.map(([name, words]) => `${name}: ${words}`)].filter((words) => words !== '').join('; ') ||
        'nothing in doubt'
      )
    },
    backend: () => disk.backend(files),
    writeTo: (backend) => writeFiles(files, backend),
  }
}
