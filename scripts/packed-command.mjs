// The command as `npx @varve/cli` gets it: the packed packages, unpacked into a project of their own, each with the dependencies that its own package.json
// names and no others. Those are taken from this workspace, so nothing is fetched.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What is wrong with the command, or nothing. `packages` are the packed ones: `{ folder, manifest, tarball }`. */
export function checkPackedCommand(packages, target) {
  const project = join(target, 'project')
  try {
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{ "name": "scratch", "private": true }\n')
    for (const one of packages) install(one, project)
    linkCommand(project)
    expect(npx(project, ['--version']), readManifest(project, '@varve/cli').version)
    expect(npx(project, ['add', 'blocks'], 'packed'), '0:44:6')
    expect(npx(project, ['scan', 'blocks', '--lines']), 'packed')
    expect(npx(project, ['completion', 'bash']).split('\n')[0], '# bash completion for varve')
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function install({ folder, manifest, tarball }, project) {
  const place = join(project, 'node_modules', manifest.name)
  mkdirSync(place, { recursive: true })
  run('tar', ['-xzf', tarball, '-C', place, '--strip-components=1'], project)
  for (const name of Object.keys(readManifest(project, manifest.name).dependencies ?? {})) {
    if (name === 'varve' || name.startsWith('@varve/')) continue
    const link = join(place, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(realpathSync(join(folder, 'node_modules', name)), link, 'junction')
  }
}

// As npm does on installing.
function linkCommand(project) {
  const bin = join('..', '@varve/cli', readManifest(project, '@varve/cli').bin.varve)
  mkdirSync(join(project, 'node_modules/.bin'))
  chmodSync(join(project, 'node_modules/.bin', bin), 0o755)
  symlinkSync(bin, join(project, 'node_modules/.bin/varve'))
}

function npx(project, args, input = '') {
  return run('npm', ['exec', '--offline', '--no', '--', '@varve/cli', ...args], project, input).trimEnd()
}

function run(program, args, cwd, input) {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd, input, encoding: 'utf8', shell: process.platform === 'win32' })
  if (error) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`)
  return stdout
}

function expect(actual, expected) {
  if (actual !== expected) throw new Error(`the packed command printed ${JSON.stringify(actual)} where ${JSON.stringify(expected)} was due`)
}

function readManifest(project, name) {
  return JSON.parse(readFileSync(join(project, 'node_modules', name, 'package.json'), 'utf8'))
}
