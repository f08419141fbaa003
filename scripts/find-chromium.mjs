import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The Chromium that is installed here, or the one that CHROMIUM names. */
export function findChromium() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return process.env.CHROMIUM || names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}
