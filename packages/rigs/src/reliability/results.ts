import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a command came to, when it was run last. */
export interface RunResult {
  readonly command: string
  /** The day, as 2026-01-31. */
  readonly date: string
  readonly versions: string
  readonly figures: { readonly [name: string]: number | string }
  /** One line each, for those that have more to show than figures. */
  readonly rows?: readonly (readonly string[])[]
}

const FILE = 'packages/rigs/results.json'

export function readResults(root: string): readonly RunResult[] {
  try {
    return JSON.parse(readFileSync(join(root, FILE), 'utf8')) as RunResult[]
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return []
    throw error
  }
}

/** Keeps what a command came to, in place of what the same command came to before. */
export function record(root: string, result: Omit<RunResult, 'date' | 'versions'>): void {
  const others = readResults(root).filter(({ command }) => command !== result.command)
  const results = [...others, { ...result, date: today(), versions: versions() }].sort((a, b) => (a.command < b.command ? -1 : 1))
  writeFileSync(join(root, FILE), `${JSON.stringify(results, null, 2)}\n`)
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}

function versions(): string {
  return `Node ${process.versions.node}, ${process.platform} ${process.arch}`
}
