import { BackendError } from '../backend-error.js'
import type { BackendFile, BackendLock } from '../file-backend.js'
import { assertFileName } from '../file-name.js'
import { crashStates, type DiskSnapshot, randomCrashState } from './crash-states.js'
import { DurableDirectory, type EntryChange } from './durable-directory.js'
import { DurableFile, type FileSnapshot } from './durable-file.js'
import type {
  CrashState,
  CrashStateOptions,
  DirectorySync,
  Files,
  PowerLossBackend,
  PowerLossOptions,
  PowerLossStep,
  SyncFailure,
} from './power-loss.js'
import { powerLossFile } from './power-loss-file.js'
import { type StepSubject, StepTeller } from './step-teller.js'
import { SyncFailures } from './sync-failures.js'

const everyDirectorySync: DirectorySync = ['create', 'replace', 'remove', 'lock']

/**
 * A backend in memory that keeps what is durable apart from what is only cached, for contents and for names, and so can say what a power
 * cut would leave. It keeps the contract, and no promise beyond it. Open handles stay usable when their file is replaced or removed.
 */
export function powerLossBackend(options: PowerLossOptions = {}): PowerLossBackend {
  return new PowerLossDisk(options)
}

class PowerLossDisk implements PowerLossBackend {
  readonly description = 'a disk that can lose power'
  readonly openSync?: (name: string) => BackendFile
  revision = 0
  openFiles = 0
  locked = false
  readonly #options: PowerLossOptions
  readonly #directory: DurableDirectory
  readonly #lockDescription = 'a lock in memory, held in this process'
  readonly #steps = new StepTeller()
  readonly #failures = new SyncFailures()

  constructor(options: PowerLossOptions) {
    this.#options = options
    if (options.synchronous ?? true) this.openSync = (name) => this.#open(name)
    const { files = new Map<string, Uint8Array>(), preallocation } = options
    this.#directory = new DurableDirectory(
      new Map([...files].map(([name, durable]) => [name, new DurableFile({ durable, preallocation })])),
    )
  }

  async list(): Promise<readonly string[]> {
    return [...this.#directory.entries.keys()]
  }

  async open(name: string): Promise<BackendFile> {
    return this.#open(name)
  }

  async create(name: string): Promise<BackendFile> {
    assertFileName(name, this.description)
    const file = new DurableFile({ preallocation: this.#options.preallocation })
    await this.#change('create', { kind: 'create', name }, () => {
      if (this.#directory.entries.has(name))
        throw new BackendError('ALREADY_EXISTS', `${this.description}: there is a file ${name} already`)
      return { type: 'create', name, file }
    })
    return this.#handle(name, file)
  }

  replace(from: string, to: string): Promise<void> {
    return this.#change('replace', { kind: 'replace', name: from, to }, () => {
      assertFileName(to, this.description)
      return { type: 'replace', name: from, to, file: this.#find(from) }
    })
  }

  remove(name: string): Promise<void> {
    return this.#change('remove', { kind: 'remove', name }, () => {
      this.#find(name)
      return { type: 'remove', name }
    })
  }

  async lock(): Promise<BackendLock> {
    const step = this.#steps.begin({ kind: 'lock' })
    await step.tell('before')
    await step.letOthersRun()
    this.#assertUnlocked()
    const failure = this.#failures.take('directory')
    if (failure) throw failure
    this.locked = true
    if (this.#syncs('lock')) this.#directory.settle()
    this.revision++
    await step.tell('after')
    let held = true
    return {
      description: this.#lockDescription,
      release: async () => {
        if (held) this.locked = false
        held = false
      },
    }
  }

  async destroy(): Promise<void> {
    this.#assertUnlocked()
  }

  crashStates(options: CrashStateOptions = {}): Iterable<CrashState> {
    const snapshot = this.#snapshot()
    return { [Symbol.iterator]: () => crashStates(snapshot, options) }
  }

  crashState(seed: number, options: Pick<CrashStateOptions, 'sectorSize'> = {}): CrashState {
    return randomCrashState(this.#snapshot(), seed, options)
  }

  failNextSync(failure: SyncFailure = {}): void {
    this.#failures.add(failure)
  }

  onStep(listener: (step: PowerLossStep) => void | Promise<void>): () => void {
    return this.#steps.add(listener)
  }

  contents(): Files {
    return new Map([...this.#directory.entries].map(([name, file]) => [name, file.content]))
  }

  async #change(call: 'create' | 'replace' | 'remove', subject: StepSubject, begin: () => EntryChange): Promise<void> {
    const step = this.#steps.begin(subject)
    await step.tell('before')
    const end = this.#directory.begin(begin())
    this.revision++
    await step.letOthersRun()
    await step.tell('during')
    const failure = this.#failures.take('directory')
    end(failure ? 'lost' : this.#syncs(call) ? 'durable' : 'unsynced')
    this.revision++
    await step.tell('after')
    if (failure) throw failure
  }

  #assertUnlocked(): void {
    if (this.locked) throw new BackendError('LOCKED', `${this.description}: another writer holds it (${this.#lockDescription})`)
  }

  #open(name: string): BackendFile {
    return this.#handle(name, this.#find(name))
  }

  #find(name: string): DurableFile {
    assertFileName(name, this.description)
    const file = this.#directory.entries.get(name)
    if (!file) throw new BackendError('NOT_FOUND', `${this.description}: there is no file ${name}`)
    return file
  }

  #handle(name: string, file: DurableFile): BackendFile {
    this.openFiles++
    return powerLossFile(file, {
      name,
      readSync: this.#options.synchronous ?? true,
      begin: (subject) => this.#steps.begin(subject),
      takeFailure: () => this.#failures.take({ name }),
      changed: () => {
        this.revision++
      },
      closed: () => {
        this.openFiles--
      },
    })
  }

  #syncs(call: DirectorySync[number]): boolean {
    const { directorySync = true } = this.#options
    return (directorySync === true ? everyDirectorySync : directorySync || []).includes(call)
  }

  #snapshot(): DiskSnapshot {
    const directory = this.#directory.snapshot
    const files = new Map<DurableFile, FileSnapshot>()
    for (const file of directory.durable.values()) files.set(file, file.snapshot)
    for (const operation of directory.operations) if (operation.type !== 'remove') files.set(operation.file, operation.file.snapshot)
    return { directory, files, backend: (start) => powerLossBackend({ ...this.#options, files: start }) }
  }
}
