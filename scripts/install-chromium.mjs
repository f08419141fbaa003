// Sees to it that there is a Chromium: the one that is installed, or Debian's, where this runs as root. Ends with 1 where there is none, and says why.
import { spawnSync } from 'node:child_process'
import { findChromium } from './find-chromium.mjs'

function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0
}

/** Why it can't be installed, or nothing. */
function install() {
  if (process.platform !== 'linux' || process.getuid() !== 0) return 'it can only be installed by root, on Debian'
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0) return 'there is no apt-get'
  // The lists of a fresh machine are empty or old; where they can't be fetched the ones it has may do.
  apt('update', '--quiet')
  const isInstalled = apt('install', '--quiet', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', 'chromium')
  return isInstalled && findChromium() !== undefined ? undefined : 'apt-get install chromium failed'
}

if (findChromium() === undefined) {
  const reason = install()
  if (reason !== undefined) console.log(`Chromium is not installed: ${reason}. Tests that take a browser are skipped.`)
  process.exitCode = reason === undefined ? 0 : 1
}
