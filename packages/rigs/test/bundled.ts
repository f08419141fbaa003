import { pathToFileURL } from 'node:url'
import { afterAll } from 'vitest'
import { bundle } from '../../../vitest.bundle.js'

/** A program of `src/` that runs in processes or threads of its own. It is gone when the file's tests are over. */
export async function bundled(program: string): Promise<{ readonly path: string; readonly url: URL }> {
  const { path, dispose } = await bundle(new URL(`../src/${program}.ts`, import.meta.url))
  afterAll(dispose)
  return { path, url: pathToFileURL(path) }
}
