import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folders of all that the packages depend on, one another left out. */
export function dependenciesOf(packages) {
  const own = new Set(packages.map(({ manifest }) => manifest.name))
  const found = new Set()
  const collect = (folder) => {
    const { dependencies, optionalDependencies } = readManifest(folder)
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = own.has(name) ? undefined : placeOf(name, folder)
      if (!place || found.has(place)) continue
      found.add(place)
      collect(place)
    }
  }
  for (const { folder } of packages) collect(folder)
  return found
}

/** Where Node would find a package. */
function placeOf(name, from) {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name)
    if (existsSync(place)) return realpathSync(place)
  }
  return undefined
}

export function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
