import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'varve-cli-test-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** A directory with these files, and what else a tree may hold: an empty file and a symbolic link. */
export async function sampleTree(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const root = await temporaryDirectory()
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  await writeFile(join(root, 'empty'), '')
  await symlink('empty', join(root, 'link'))
  return root
}

/** `count` files of growing sizes, all different. */
export function manyFiles(count: number): Record<string, Uint8Array> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`folder-${n % 7}/file-${n}`, new Uint8Array(((n * 37) % 5000) + 1).fill(n % 251)]),
  )
}
