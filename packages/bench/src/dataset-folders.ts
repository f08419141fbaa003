import { cp, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunJob } from './child-runner.js'
import type { Entrant } from './entrant.js'
import type { Dataset, Workload } from './workload.js'

interface FolderOptions {
  readonly directory: string
  readonly scale: number
  readonly runJob: RunJob
}

/** Each data set is laid down once for each entrant, serves all workloads that read it, and is removed when none does any more. */
export class DatasetFolders {
  readonly #options: FolderOptions
  readonly #filled = new Set<string>()

  constructor(options: FolderOptions) {
    this.#options = options
  }

  /** Where the data set of a workload lies; or a copy of it, where it changes it. */
  async get(workload: Workload, entrant: Entrant): Promise<string> {
    const folder = await this.#fill(workload, entrant)
    if (!workload.ownCopy) return folder
    const copy = join(this.#options.directory, 'copy')
    await cp(folder, copy, { recursive: true })
    await syncFiles(copy)
    return copy
  }

  async remove(dataset: Dataset, entrants: readonly Entrant[]): Promise<void> {
    for (const entrant of entrants) {
      const folder = this.#folder(dataset, entrant)
      if (this.#filled.delete(folder)) await rm(folder, { recursive: true, force: true })
    }
  }

  async #fill(workload: Workload, entrant: Entrant): Promise<string> {
    const folder = this.#folder(workload.dataset!, entrant)
    if (this.#filled.has(folder)) return folder
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    const { scale, runJob } = this.#options
    const { contender, build } = entrant
    await runJob({
      kind: 'fill',
      workload: workload.name,
      contender: contender.name,
      directory: folder,
      scale,
      ...(build !== undefined && { build }),
    })
    this.#filled.add(folder)
    return folder
  }

  #folder({ count, size, killed }: Dataset, { name }: Entrant): string {
    return join(this.#options.directory, `${name.replaceAll(/\W+/g, '-')}-${count}x${size}${killed ? '-killed' : ''}`)
  }
}

/** Whoever syncs such a file next must not pay for the copy. */
async function syncFiles(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const file = await open(join(entry.parentPath, entry.name), 'r+')
    await file.sync()
    await file.close()
  }
}
