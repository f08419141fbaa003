import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { replicate, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { countedItem } from './counted-item.js'

export interface KilledReplicationOptions {
  /** The program of one side, and where the source and its copy are. */
  readonly program: string
  readonly source: string
  readonly copy: string
  /** How often processes are killed. */
  readonly cycles: number
}

export interface KillTally {
  readonly cycles: number
  /** Items that were said to be durable in the source, and in the copy. */
  durable: number
  copied: number
}

/**
 * Kills, with SIGKILL, the process that writes and replicates; or the one that writes beside one that replicates; or that other one; and again. After each it holds the copy to what was said of it: it opens, every item is
 * the one that it should be, none is missing, none is ahead of the source. Throws where one is not so.
 */
export async function killReplication(options: KilledReplicationOptions): Promise<KillTally> {
  const tally: KillTally = { cycles: options.cycles, durable: 0, copied: 0 }
  for (let cycle = 0; cycle < options.cycles; cycle++) {
    const sides =
      cycle % 3 === 0 ? [new Side('both', options, tally)] : [new Side('writer', options, tally), new Side('replica', options, tally)]
    try {
      await Promise.all(sides.map((side) => side.enough(5 + ((cycle * 7) % 15))))
      // Now the one, now the other goes first; who is left does not mind.
      if (cycle % 3 === 2) sides.reverse()
      await sides[0]?.kill()
      if (sides[0]?.role === 'replica') await sides[1]?.enough(5)
    } finally {
      for (const side of sides) await side.kill()
    }
    await check(options, tally)
  }
  await checkEnd(options)
  return tally
}

class Side {
  readonly role: 'both' | 'writer' | 'replica'
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #lines = 0
  #wake = (): void => {}
  #failure: string | undefined

  constructor(role: Side['role'], { program, source, copy }: KilledReplicationOptions, tally: KillTally) {
    this.role = role
    this.#child = spawn(process.execPath, [program, role, source, copy], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#ended = once(this.#child, 'close').then(() => this.#wake())
    this.#child.stderr?.on('data', (data) => {
      this.#failure = `${this.#failure ?? ''}${data}`
    })
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const [what, sequence] = line.split(' ')
      if (what === 'durable') tally.durable = Math.max(tally.durable, Number(sequence))
      else if (what === 'copied') tally.copied = Math.max(tally.copied, Number(sequence))
      // A replica may begin before there is a store.
      else this.#failure = line
      // Of one that does both, it is the copies that count.
      if (role !== 'both' || what === 'copied') this.#lines++
      this.#wake()
    })
  }

  /** Resolves when it has come so much further; at once where it ends by itself, as a replica does before there is a store. */
  async enough(lines: number): Promise<void> {
    const wanted = this.#lines + lines
    while (this.#lines < wanted && this.#child.exitCode === null && this.#child.signalCode === null)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    if (this.#lines < wanted) throw new Error(`the ${this.role} ended by itself: ${this.#failure ?? 'without a word'}`)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

async function check({ source, copy }: KilledReplicationOptions, tally: KillTally): Promise<void> {
  await using db = await Varve.open(fsBackend(source), { create: false })
  const { nextSequence } = await db.stats()
  if (nextSequence < tally.durable) throw new Error(`the source has items before ${nextSequence}, and said ${tally.durable}`)
  const found = await Varve.open(fsBackend(copy), { create: false, readOnly: true })
  try {
    let next: number | undefined
    for await (const { sequence, data } of found.scan()) {
      if (next !== undefined && sequence !== next) throw new Error(`the copy has item ${sequence} where ${next} is due`)
      if (Buffer.compare(data, countedItem(sequence)) !== 0) throw new Error(`item ${sequence} of the copy is another one`)
      next = sequence + 1
    }
    if ((next ?? 0) < tally.copied) throw new Error(`the copy has items before ${next}, and said ${tally.copied}`)
    if ((next ?? 0) > nextSequence) throw new Error(`the copy has items before ${next}, the source before ${nextSequence}`)
  } finally {
    await found.stop()
  }
}

/** In the end the copy becomes what the source is, and opens for writing. */
async function checkEnd({ source, copy }: KilledReplicationOptions): Promise<void> {
  const db = await Varve.open(fsBackend(source), { create: false })
  const replication = replicate(db, fsBackend(copy))
  await db.stop()
  await replication.done
  await using taken = await Varve.open(fsBackend(copy), { create: false })
  const report = await taken.verify()
  if (!report.isIntact) throw new Error(`the copy is damaged: ${JSON.stringify(report.damages)}`)
}
