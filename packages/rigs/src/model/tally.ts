import type { World } from './world.js'

/** How much was tried. */
export interface Counts {
  /** Programs that were run. */
  readonly runs: number
  readonly commands: number
  /** Items that were handed to a store. */
  readonly items: number
  readonly faults: number
  /** Of the process or of the disk, with the program going on afterwards. */
  readonly crashes: number
  /** Of a copy of the disk, to see what would be left. */
  readonly powerCuts: number
}

/** What runs of the model came to. */
export class Tally {
  counts: Counts = { runs: 0, commands: 0, items: 0, faults: 0, crashes: 0, powerCuts: 0 }

  addRun({ commands, account, faults, crashes, powerCuts }: World): void {
    this.add({ runs: 1, commands: commands.length, items: account.entries.length, faults, crashes, powerCuts })
  }

  add(more: Counts): void {
    const { counts } = this
    this.counts = {
      runs: counts.runs + more.runs,
      commands: counts.commands + more.commands,
      items: counts.items + more.items,
      faults: counts.faults + more.faults,
      crashes: counts.crashes + more.crashes,
      powerCuts: counts.powerCuts + more.powerCuts,
    }
  }

  /** One line for people. */
  toString(): string {
    const { runs, commands, items, faults, crashes, powerCuts } = this.counts
    return `${runs} programs, ${commands} commands, ${items} items, ${faults} faults, ${crashes} crashes of the process or the disk, ${powerCuts} power cuts aside`
  }
}
