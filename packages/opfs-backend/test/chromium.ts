import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type BrowserContext, chromium, type LaunchOptions } from 'playwright'
import { describe } from 'vitest'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const folders = (process.env.PATH ?? '').split(delimiter)

/** The Chromium that is installed here; CHROMIUM names another one. */
export const chromiumPath: string | undefined =
  process.env.CHROMIUM ?? names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))

/** How it is started. */
export const launchOptions: LaunchOptions = { executablePath: chromiumPath ?? '', args: ['--disable-dev-shm-usage'] }

/** Declares tests that take a browser. Where there is none they are skipped, and say so. */
export function describeInChromium(name: string, tests: () => void): void {
  describe.skipIf(chromiumPath === undefined)(chromiumPath === undefined ? `${name} (Chromium is not installed)` : name, tests)
}

/** A profile of its own, on disk: a private one keeps its files in memory and knows no quota. */
export async function launchChromium(): Promise<{ readonly profile: BrowserContext; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'varve-chromium-'))
  const profile = await chromium.launchPersistentContext(folder, launchOptions)
  return {
    profile,
    async close() {
      await profile.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
