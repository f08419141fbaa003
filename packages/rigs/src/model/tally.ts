import type { World } from './world.js'

/** What runs of the model came to. */
export class Tally {
  runs = 0
  commands = 0
  items = 0
  faults = 0
  powerCuts = 0
  crashes = 0

  add(world: World): void {
    this.runs++
    this.commands += world.commands.length
    this.items += world.account.entries.length
    this.faults += world.faults
    this.powerCuts += world.powerCuts
    this.crashes += world.crashes
  }

  /** One line for people. */
  toString(): string {
    return `${this.runs} runs, ${this.commands} commands, ${this.items} items, ${this.faults} faults, ${this.crashes} crashes of the process or the disk, ${this.powerCuts} power cuts aside: nothing was lost, nothing wrong was served`
  }
}
