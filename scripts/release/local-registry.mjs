// A registry on this machine that has the packed packages, and of everything that they depend on what is installed here: npm installs from it as from the real one, and needs no other.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, dirname, join } from 'node:path'
import { dependenciesOf, readManifest } from './installed-dependencies.mjs'
import { run } from './public-packages.mjs'

/** Serves them until it is closed: `{ url, close }`. `packages` are `{ folder, tarball }`, and `target` is where tarballs are made. */
export async function serveLocally(packages, target) {
  mkdirSync(target)
  const tarballs = packages.map(({ tarball }) => tarball)
  for (const folder of dependenciesOf(packages)) tarballs.push(await packInstalled(folder, target))
  const versions = await Promise.all(tarballs.map(async (tarball) => ({ tarball, manifest: await manifestIn(tarball) })))
  const server = createServer(({ url = '' }, response) => {
    const [name, file] = decodeURIComponent(url).slice(1).split('/-/')
    const found = versions.filter(({ manifest }) => manifest.name === name)
    if (file) return void response.end(readFileSync(found.find(({ tarball }) => basename(tarball) === file).tarball))
    if (found.length === 0) response.statusCode = 404
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify(found.length === 0 ? {} : packument(name, found, `http://${server.address().address}:${server.address().port}`)),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

function packument(name, found, origin) {
  const versions = found.map(({ tarball, manifest }) => {
    const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
    return [manifest.version, { ...manifest, dist: { tarball: `${origin}/${name}/-/${basename(tarball)}`, integrity } }]
  })
  return { name, 'dist-tags': { latest: versions.at(-1)[0] }, versions: Object.fromEntries(versions) }
}

async function manifestIn(tarball) {
  const [name] = (await run('tar', ['-tzf', tarball])).split('\n').filter((one) => /^[^/]+\/package\.json$/.test(one))
  return JSON.parse(await run('tar', ['-xzOf', tarball, name]))
}

async function packInstalled(folder, target) {
  const { name, version } = readManifest(folder)
  const tarball = join(target, `${name.replaceAll(/[@/]/g, '-')}-${version}.tgz`)
  await run('tar', ['-czf', tarball, '-C', dirname(folder), `--exclude=${basename(folder)}/node_modules`, basename(folder)])
  return tarball
}
