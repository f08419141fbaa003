import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { commands } from '../src/commands/commands.js'
import { bin } from './processes/spawn-varve.js'
import { essence, sessionsIn, typed } from './readme-session.js'
import { testContext } from './run-varve.js'
import { temporaryDirectory } from './sample-tree.js'

const steps = sessionsIn(readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8'))

it('the sessions of the README print what it says', async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'bin')
  mkdirSync(path)
  writeFileSync(join(path, 'varve'), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`)
  chmodSync(join(path, 'varve'), 0o755)
  const fixture = fileURLToPath(new URL('./import/aiodiskdb/plain/', import.meta.url))
  cpSync(join(fixture, 'db'), join(directory, 'old'), { recursive: true })
  cpSync(join(fixture, 'locations.jsonl'), join(directory, 'old.jsonl'))
  const home = process.cwd()
  onTestFinished(() => process.chdir(home))
  process.chdir(directory)
  for (const { command, output } of steps) expect([command, ...essence(await typed(command, path))]).toEqual([command, ...essence(output)])
})

it('the README shows the JSON of every command that has some', () => {
  const shown = new Set(steps.flatMap(({ command }) => command.match(/varve (\w+) .*--json/)?.[1] ?? []))
  const names = commands.map((command) => command(testContext()).name())
  // What it prints is what ltrim prints.
  expect([...shown, 'rtrim'].sort()).toEqual(names.sort())
})
