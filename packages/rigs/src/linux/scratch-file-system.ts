import { mkdirSync, rmSync } from 'node:fs'
import { findTool, runTool } from './run-tool.js'

/** A file system of its own, mounted on a directory. */
export interface ScratchFileSystem {
  readonly path: string
  mount(): void
  unmount(): void
  /** Unmounts it if it is mounted, and removes what it was made of. */
  dispose(): void
}

/** A file system in memory, with room for so many bytes and, if given, so many files. */
export function tinyTmpfs(path: string, bytes: number, { files = 0 } = {}): ScratchFileSystem {
  mkdirSync(path)
  return scratch(path, ['-t', 'tmpfs', '-o', `size=${bytes},nr_inodes=${files}`, 'tmpfs', path], () => undefined)
}

/** An ext4 in a file. */
export function ext4InFile(path: string, { mountOptions }: { readonly mountOptions: string }): ScratchFileSystem {
  const image = `${path}.img`
  mkdirSync(path)
  runTool('truncate', '-s', '64M', image)
  runTool(findTool('mkfs.ext4') as string, '-q', '-F', image)
  return scratch(path, ['-o', `loop,${mountOptions}`, image, path], () => rmSync(image))
}

function scratch(path: string, mountArguments: readonly string[], discard: () => void): ScratchFileSystem {
  let mounted = false
  const unmount = (): void => {
    runTool('umount', path)
    mounted = false
  }
  const leave = (): void => {
    // Lazily: what still holds it ends with this process.
    if (mounted) runTool('umount', '-l', path)
  }
  process.once('exit', leave)
  return {
    path,
    mount() {
      runTool('mount', ...mountArguments)
      mounted = true
    },
    unmount,
    dispose() {
      process.off('exit', leave)
      if (mounted) unmount()
      discard()
      rmSync(path, { recursive: true })
    },
  }
}
