import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const packages = fileURLToPath(new URL('./packages/', import.meta.url))

// Tests run on the sources, so none of them needs a build; TEST_DIST=1 runs them on what is published.
const [folder, extension] = process.env.TEST_DIST ? ['dist', 'js'] : ['src', 'ts']

export const alias = [
  { find: '#platform', replacement: `${packages}core/${folder}/platform/node.${extension}` },
  ...readdirSync(packages).flatMap((name) => [
    { find: new RegExp(name === 'varve' ? '^varve$' : `^@varve/${name}$`), replacement: `${packages}${name}/${folder}/index.${extension}` },
    { find: new RegExp(`^@varve/${name}/(.+)$`), replacement: `${packages}${name}/${folder}/$1/index.${extension}` },
  ]),
]
