import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type BrowserContext, chromium, type LaunchOptions } from 'playwright'
import { describe } from 'vitest'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const folders = (process.env.PATH ?? '').split(delimiter)

/** The Chromium that is installed here; CHROMIUM names another one. */
const chromiumPath: string | undefined =
  process.env.CHROMIUM || names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))

/** How it is started. */
export const launchOptions: LaunchOptions = { executablePath: chromiumPath ?? '', args: ['--disable-dev-shm-usage'] }

/** Declares tests that take a browser. Where there is none they are skipped, and say so. */
export function describeInChromium(name: string, tests: () => void): void {
  describe.skipIf(chromiumPath === undefined)(chromiumPath === undefined ? `${name} (Chromium is not installed)` : name, tests)
}

/** Starts it as a process of its own, to be killed, with a profile that is there already or not. `address` is where it is spoken to. */
export async function startChromium(folder: string): Promise<{ readonly address: string; kill(): Promise<void> }> {
  const args = [
    '--headless',
    '--no-sandbox',
    '--remote-debugging-port=0',
    `--user-data-dir=${folder}`,
    ...launchOptions.args!,
    'about:blank',
  ]
  const child = spawn(chromiumPath!, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let said = ''
  const address = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      said += chunk
      const [, found] = /DevTools listening on (ws:\S+)/.exec(said) ?? []
      if (found !== undefined) resolve(found)
    })
    void ended.then(() => reject(new Error(`Chromium ended: ${said}`)))
  })
  return {
    address,
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
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
