import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { stoppedHolder } from '../processes/stopped-holder.js'
import { fullDisk } from './full-disk.js'
import { InjectionLoop } from './injection-loop.js'
import { powerCuts } from './power-cuts.js'
import { whatIsMissing } from './requirement.js'
import { runTool } from './run-tool.js'
import { ext4InFile, tinyTmpfs } from './scratch-file-system.js'
import type { Section } from './section.js'
import { shutDown, shutdownTools } from './shut-down.js'

/** Every kind of real fault that is tried. */
export const sections: readonly Section[] = [
  {
    name: 'strace',
    title: 'errors, delays and kills at every n-th call to the kernel',
    whatIsMissing: () =>
      whatIsMissing({ root: false, tools: ['strace'] }) ?? refusalOf(() => runTool('strace', '-qq', '-o', '/dev/null', 'true')),
    async run({ program, directory, seed, scale, onProgress }) {
      const total = { 'programs run': 0, 'errors met by name': 0, 'items acknowledged': 0 }
      for (let n = 0; n < scale; n++) {
        const own = join(directory, String(n))
        mkdirSync(own)
        const loop = new InjectionLoop({
          program,
          directory: own,
          seed: seed + n,
          atATime: availableParallelism(),
          onRun: ({ runs }) => onProgress(`${total['programs run'] + runs} programs run`),
        })
        const { runs, refused, durable } = await loop.run()
        total['programs run'] += runs
        total['errors met by name'] += refused
        total['items acknowledged'] += durable
      }
      return total
    },
  },
  fullDiskSection('bytes', 'a disk that has no room, has some, and has none again'),
  fullDiskSection('files', 'a disk that may have no more files, may have some, and may not again'),
  powerCutSection('ext4-ordered', 'data=ordered'),
  powerCutSection('ext4-writeback', 'data=writeback'),
  {
    name: 'stopped-holder',
    title: 'a writer that is halted with SIGSTOP, and others that come meanwhile',
    whatIsMissing: () => whatIsMissing({ root: false, tools: [] }),
    async run({ program, directory, seed, scale }) {
      const { refused, durable } = await stoppedHolder({ program, directory: join(directory, 'store'), seed, times: 10 * scale })
      return { 'writers refused': refused, 'items stored after it went on': durable }
    },
  },
]

function fullDiskSection(of: 'bytes' | 'files', title: string): Section {
  return {
    name: `full-disk-${of}`,
    title,
    whatIsMissing: (directory) =>
      whatIsMissing({ root: true, tools: ['mount', 'umount'] }) ??
      refusalOf(() => {
        const disk = tinyTmpfs(join(directory, 'tmpfs'), 64 * 1024)
        try {
          disk.mount()
        } finally {
          disk.dispose()
        }
      }),
    async run({ program, directory, seed, scale, onProgress }) {
      const counts = await fullDisk({
        program,
        directory,
        seed,
        of,
        rounds: 20 * scale,
        onRound: (rounds) => onProgress(`${rounds} writers killed`),
      })
      return {
        'writers killed': counts.rounds,
        'stores opened on a full disk': counts.openedFull,
        'errors met by name': counts.refused,
        'times it went on where there was room': counts.wentOn,
        'items acknowledged': counts.durable,
      }
    },
  }
}

function powerCutSection(name: string, mountOptions: string): Section {
  return {
    name,
    title: `power cuts, on an ext4 with ${mountOptions}`,
    whatIsMissing: (directory) =>
      whatIsMissing({ root: true, tools: ['mount', 'umount', 'truncate', 'mkfs.ext4', shutdownTools] }) ??
      refusalOf(() => {
        const disk = ext4InFile(join(directory, 'ext4'), { mountOptions })
        try {
          disk.mount()
          shutDown(disk.path)
        } finally {
          disk.dispose()
        }
      }),
    async run({ program, directory, seed, scale, onProgress }) {
      const tally = await powerCuts({
        program,
        directory,
        seed,
        cuts: 25 * scale,
        mountOptions,
        onCut: ({ cycles }) => onProgress(`${cycles} power cuts`),
      })
      return { 'power cuts': tally.cycles, 'items acknowledged and kept': tally.durable, 'others lost': tally.lost, looks: tally.looks }
    },
  }
}

/** What the system says where it does not let this be tried; undefined where it does. */
function refusalOf(attempt: () => void): string | undefined {
  try {
    attempt()
    return undefined
  } catch (error) {
    return `this system refuses it: ${error instanceof Error ? error.message : String(error)}`
  }
}
