// A release from beginning to end, short of publishing: in a copy of this workspace, on a branch of its own, a change comes with its changeset; `changeset version` takes the changesets into
// versions and change logs; what would be published is packed, looked into, and installed into a project of its own.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pack, publicPackages, root, run, strangersIn } from './release/public-packages.mjs'
import { tryInScratchProject } from './release/scratch-project.mjs'

const target = mkdtempSync(join(tmpdir(), 'varve-release-'))
process.on('exit', () => rmSync(target, { recursive: true, force: true }))
const copy = join(target, 'workspace')

const before = await version('main', 'The first release', undefined)
expect('the first release', before.get('varve').manifest.version, '0.1.0')

// Another one, of one package: those that depend on it take it up as it is, so nothing else is released.
const after = await version('a-fix', 'A mended lock.', { '@varve/fs-backend': 'patch' })
for (const [name, { manifest, folder }] of after) {
  const isAffected = name === '@varve/fs-backend'
  expect(`${name} after a patch of @varve/fs-backend`, manifest.version, isAffected ? '0.1.1' : '0.1.0')
  expect(`the change log of ${name}`, readFileSync(join(folder, 'CHANGELOG.md'), 'utf8').includes('## 0.1.1'), isAffected)
}
expect('the change log', readFileSync(join(after.get('@varve/fs-backend').folder, 'CHANGELOG.md'), 'utf8').includes('A mended lock.'), true)

// Its version is built into the command.
await run(process.execPath, [join(root, 'node_modules/tsup/dist/cli-default.js'), '--silent'], { cwd: after.get('@varve/cli').folder })

const packed = []
for (const one of after.values()) {
  const tarball = await pack(one, target)
  const strangers = await strangersIn(tarball, { withChangeLog: true })
  if (strangers.length > 0) throw new Error(`${one.manifest.name}: the tarball ${strangers.join(', ')}`)
  packed.push({ ...one, tarball })
  console.log(`${one.manifest.name} ${one.manifest.version}: packed`)
}
await tryInScratchProject(packed, target)
console.log('installed into a project and used: ok')

/** Commits a changeset to a branch, takes all there are into versions, and gives the packages by name. */
async function version(branch, summary, bumps) {
  if (!existsSync(copy)) await copyWorkspace()
  await git('checkout', '--quiet', '-B', branch)
  if (bumps) {
    const lines = Object.entries(bumps).map(([name, bump]) => `'${name}': ${bump}`)
    writeFileSync(join(copy, '.changeset', `${branch}.md`), `---\n${lines.join('\n')}\n---\n\n${summary}\n`)
    await commit(summary)
  }
  await run(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), 'version'], { cwd: copy })
  await commit('Versions')
  return new Map(publicPackages(copy).map((one) => [one.manifest.name, one]))
}

/** What is under version control here, as it is now, with what is built and installed here. */
async function copyWorkspace() {
  const listed = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'])
  for (const file of listed.split('\0').filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    cpSync(join(root, file), join(copy, file))
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
  for (const { name, folder } of publicPackages()) {
    cpSync(join(folder, 'dist'), join(copy, 'packages', name, 'dist'), { recursive: true })
    linkDependencies(join(folder, 'node_modules'), join(copy, 'packages', name, 'node_modules'))
  }
  await git('init', '--quiet', '--initial-branch', 'main')
  await commit('The workspace')
}

/** What is installed for a package, but the packages of the copy where it needs one of this workspace: its version is written into the tarball. */
function linkDependencies(from, to) {
  if (!existsSync(from)) return
  mkdirSync(to)
  for (const name of readdirSync(from)) {
    if (name === '@varve' || name === 'varve') cpSync(join(from, name), join(to, name), { recursive: true, verbatimSymlinks: true })
    else symlinkSync(join(from, name), join(to, name), 'junction')
  }
}

async function commit(message) {
  await git('add', '--all')
  await git('commit', '--quiet', '--allow-empty', '--message', message)
}

function git(...args) {
  return run('git', ['-c', 'user.name=release', '-c', 'user.email=release@localhost', '-c', 'commit.gpgsign=false', ...args], { cwd: copy })
}

function expect(what, actual, expected) {
  if (actual !== expected) throw new Error(`${what}: ${JSON.stringify(actual)} where ${JSON.stringify(expected)} was due`)
}
