import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { peersFolder } from './places.js'

const require = createRequire(join(peersFolder, 'package.json'))

/** What a peer's package exports. */
export async function importPeer<Exports>(name: string): Promise<Exports> {
  return (await import(pathToFileURL(require.resolve(name)).href)) as Exports
}

/** The version that is installed; an error says why there is none. */
export async function versionOfPeer(name: string): Promise<string> {
  const wanted = (JSON.parse(await readFile(join(peersFolder, 'package.json'), 'utf8')) as Manifest).optionalDependencies?.[name]
  const manifest = await readFile(join(peersFolder, 'node_modules', name, 'package.json'), 'utf8').catch((cause: unknown) => {
    throw new Error(`${name} ${wanted} could not be installed on this machine`, { cause })
  })
  return (JSON.parse(manifest) as Manifest).version!
}

interface Manifest {
  readonly version?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}
