import { findTool } from './run-tool.js'

/** Tools by the Debian package that has them. */
const packages: { readonly [tool: string]: string } = {
  strace: 'strace',
  'mkfs.ext4': 'e2fsprogs',
  mount: 'mount',
  umount: 'mount',
  python3: 'python3',
  perl: 'perl',
}

export interface Requirement {
  readonly root: boolean
  /** All of these, or of a list within the list one. */
  readonly tools: readonly (string | readonly string[])[]
}

/** Why this can't be run here, for people; undefined where nothing is known to stand in the way. */
export function whatIsMissing({ root, tools }: Requirement): string | undefined {
  if (process.platform !== 'linux') return `needs Linux; this is ${process.platform}`
  if (root && process.getuid?.() !== 0) return 'needs root, to mount file systems'
  for (const wanted of tools) {
    const names = typeof wanted === 'string' ? [wanted] : wanted
    if (!names.some(findTool)) return `${names.join(' or ')} is not installed (apt-get install ${packages[names[0] as string]})`
  }
  return undefined
}
