// What the published packages bring along: nothing at all with the engine and its contract, and nowhere anything under a licence that asks for more than its text to be kept.
import { dependenciesOf, readManifest } from './release/installed-dependencies.mjs'
import { publicPackages } from './release/public-packages.mjs'

const ALLOWED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT']
// They run anywhere, and are all that a backend of one's own needs.
const WITHOUT_DEPENDENCIES = ['@varve/backend', '@varve/core']

const packages = publicPackages()
const faults = []
for (const { manifest } of packages) {
  if (manifest.license !== 'MIT') faults.push(`${manifest.name} is not under MIT`)
  const strangers = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).filter(
    (name) => !name.startsWith('@varve/'),
  )
  if (WITHOUT_DEPENDENCIES.includes(manifest.name) && strangers.length > 0)
    faults.push(`${manifest.name} depends on ${strangers.join(', ')}`)
}

const byLicence = new Map()
for (const folder of dependenciesOf(packages)) {
  const { name, version, license = 'no licence' } = readManifest(folder)
  byLicence.set(license, [...(byLicence.get(license) ?? []), `${name} ${version}`])
}
for (const [licence, names] of [...byLicence].sort()) {
  if (!ALLOWED.includes(licence)) faults.push(`${names.join(', ')}: ${licence} is not among the licences allowed (${ALLOWED.join(', ')})`)
  console.log(`${licence}: ${names.sort().join(', ')}`)
}
for (const fault of faults) console.log(`FAILED: ${fault}`)
process.exitCode = faults.length > 0 ? 1 : 0
