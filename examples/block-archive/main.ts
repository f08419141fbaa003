// Keeps the first block of Bitcoin's main network and some made-up ones, prunes, and reads the rest.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MiB } from 'varve'
import { BlockArchive, hashOf } from './block-archive.js'
import { genesisBlock, madeUpBlock } from './genesis-block.js'

const directory = await mkdtemp(join(tmpdir(), 'varve-blocks-'))
const archive = await BlockArchive.open(directory, { maxFileSize: 4 * MiB })
await archive.keep([genesisBlock])
console.log(`kept the genesis block ${hashOf(genesisBlock)}`)
for (let n = 1; n <= 12; n++) await archive.keep([madeUpBlock(n, MiB)])
console.log(`${archive.length} blocks in ${(await readdir(directory)).filter((name) => name.startsWith('blk')).join(', ')}`)

const gone = await archive.prune(8 * MiB)
console.log(`pruned to 8 MiB: ${gone.length} blocks are gone, ${archive.length} are left`)
await archive.close()
await rm(directory, { recursive: true })
