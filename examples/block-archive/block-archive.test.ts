import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KiB, open } from 'varve'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BlockArchive, hashOf } from './block-archive.js'
import { genesisBlock, madeUpBlock } from './genesis-block.js'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-blocks-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

const files = () => readdirSync(directory).filter((name) => name.endsWith('.dat'))

test('the genesis block is found by its hash, after a restart too', async () => {
  const hash = '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f'
  expect(hashOf(genesisBlock)).toBe(hash)
  const archive = await BlockArchive.open(directory)
  await archive.keep([genesisBlock, genesisBlock])
  await archive.keep([genesisBlock])
  await archive.close()

  const again = await BlockArchive.open(directory)
  expect(again.length).toBe(1)
  expect(await again.block(hash)).toEqual(new Uint8Array(genesisBlock))
  await again.close()
})

test("its files carry the network's mark, and are refused where another mark is asked for", async () => {
  await (await BlockArchive.open(directory)).close()
  expect(files()).toEqual(['blk00000.dat'])
  expect(readFileSync(join(directory, 'blk00000.dat')).toString('hex', 12, 16)).toBe('f9beb4d9')
  const testNetwork = Uint8Array.of(0x0b, 0x11, 0x09, 0x07)
  await expect(open(directory, { filePrefix: 'blk', genesisBytes: testNetwork })).rejects.toMatchObject({ code: 'GENESIS_MISMATCH' })
})

test('pruning drops the oldest files and keeps the newest blocks', async () => {
  const archive = await BlockArchive.open(directory, { maxFileSize: 16 * KiB })
  const blocks = Array.from({ length: 20 }, (_, n) => madeUpBlock(n, 4 * KiB))
  for (const block of blocks) await archive.keep([block])
  const gone = await archive.prune(40 * KiB)
  expect(gone.length).toBeGreaterThan(0)
  expect(gone).toEqual(blocks.slice(0, gone.length).map(hashOf))
  for (const block of blocks.slice(gone.length)) expect(await archive.block(hashOf(block))).toEqual(new Uint8Array(block))
  expect(await archive.block(gone[0] as string)).toBeUndefined()
  await archive.close()
})
