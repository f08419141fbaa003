import { type PowerLossBackend, powerLossBackend } from '@varve/backend/faults'
import { formatLocation, KiB, type Location, Varve } from '@varve/core'
import { reactive } from 'vue'

export type Layer = 'memory' | 'cache' | 'disk' | 'lost'

export interface LiveItem {
  readonly text: string
  readonly location: Location
  /** Which of them were committed together. */
  readonly group?: number | undefined
  layer: Layer
}

export interface LiveFile {
  readonly name: string
  readonly size: number
}

const FLUSH_AFTER = 4

/** A store in this page, on a disk that can lose its power: what is in which layer, and what was done. */
export class LiveStore {
  readonly state = reactive({ isOn: false, isBusy: false, items: [] as LiveItem[], files: [] as LiveFile[], log: [] as string[] })
  #disk: PowerLossBackend = powerLossBackend()
  #db: Varve | undefined
  #seed = Date.now() % 100_000
  #groups = 0

  /** Opens the store as a program does that starts: what the power cut left is recovered. */
  start(): Promise<void> {
    return this.#do(async () => {
      // Four items go to the operating system by themselves; only what is asked for is synced, so that each layer can be seen.
      const db = new Varve(this.#disk, { maxFileSize: 4 * KiB, maxBufferItems: FLUSH_AFTER, durability: 'os', flushInterval: 3_600_000 })
      db.on('recover', ({ cut }) => {
        for (const { index, position, bytes, savedAs } of cut)
          this.#tell(`recover: ${bytes} bytes cut off file ${index} from ${position} on${savedAs ? `, kept as ${savedAs}` : ''}`)
      })
      db.on('write', (event) => this.#move(event.locations(), event.durable ? 'disk' : 'cache'))
      db.on('rotate', ({ to }) => this.#tell(`rotate: file ${to} was begun`))
      await db.start()
      this.#db = db
      await this.#findAll(db)
      this.#tell(`start: the next item is number ${(await db.stats()).nextSequence}`)
      this.state.isOn = true
    })
  }

  add(text: string, durable: boolean): Promise<void> {
    return this.#do(async (db) => {
      const call = `add('${text}'${durable ? ', { durable: true }' : ''})`
      const location = await db.add(new TextEncoder().encode(text))
      this.#show({ text, location, layer: 'memory' })
      if (durable) await db.flush()
      await this.#settle(db)
      this.#tell(`${call} → ${formatLocation(location)}`)
    })
  }

  commit(texts: readonly string[]): Promise<void> {
    return this.#do(async (db) => {
      const transaction = db.transaction()
      for (const text of texts) transaction.add(new TextEncoder().encode(text))
      const locations = await transaction.commit()
      const group = ++this.#groups
      for (const [n, text] of texts.entries()) this.#show({ text, location: locations[n] as Location, layer: 'disk', group })
      await this.#settle(db)
      this.#tell(`commit() → ${locations.map(formatLocation).join(', ')}: both, and durable`)
    })
  }

  flush(): Promise<void> {
    return this.#do(async (db) => {
      await db.flush()
      await this.#settle(db)
      this.#tell('flush() → everything so far is on the disk')
    })
  }

  read(item: LiveItem): Promise<void> {
    return this.#do(async (db) => {
      const bytes = await db.read(item.location)
      this.#tell(`read(${formatLocation(item.location)}) → ${bytes ? `'${new TextDecoder().decode(bytes)}'` : 'undefined'}`)
    })
  }

  /** What is in memory is gone; of what the operating system had, anything may be there, torn or not. */
  cutPower(): void {
    const left = this.#disk.crashState(this.#seed++)
    this.#db = undefined
    this.#disk = left.backend()
    this.state.isOn = false
    for (const item of this.state.items) if (item.layer === 'memory') item.layer = 'lost'
    this.#tell(`the power is cut: ${left.description || 'nothing was in doubt'}`)
    this.#list()
  }

  async #do(action: (db: Varve) => Promise<void>): Promise<void> {
    this.state.isBusy = true
    try {
      await action(this.#db as Varve)
    } catch (error) {
      this.#tell(String(error))
    } finally {
      this.state.isBusy = false
      this.#list()
    }
  }

  /** What a start finds is durable; what it does not find is lost. */
  async #findAll(db: Varve): Promise<void> {
    const found = new Set<string>()
    for await (const { location } of db.scan()) found.add(formatLocation(location))
    for (const item of this.state.items) item.layer = item.layer !== 'lost' && found.has(formatLocation(item.location)) ? 'disk' : 'lost'
  }

  async #settle(db: Varve): Promise<void> {
    const { durableSequence, nextSequence } = await db.stats()
    if (durableSequence === nextSequence) for (const item of this.state.items) if (item.layer !== 'lost') item.layer = 'disk'
  }

  #show(item: LiveItem): void {
    this.state.items.push(item)
  }

  #move(locations: readonly Location[], to: Layer): void {
    const moved = new Set(locations.map(formatLocation))
    for (const item of this.state.items) if (item.layer === 'memory' && moved.has(formatLocation(item.location))) item.layer = to
  }

  #list(): void {
    this.state.files = [...this.#disk.contents()]
      .map(([name, bytes]) => ({ name, size: bytes.length }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  #tell(line: string): void {
    this.state.log.push(line)
    if (this.state.log.length > 60) this.state.log.shift()
  }
}
