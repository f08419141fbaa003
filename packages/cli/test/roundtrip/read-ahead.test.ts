import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readAhead } from '../../src/roundtrip/read-ahead.js'
import { manyFiles, sampleTree } from '../sample-tree.js'

it('gives every file with its bytes, in order', async () => {
  const content = manyFiles(50)
  const root = await sampleTree(content)
  const files = Object.entries(content).map(([path, bytes]) => ({ path: join(root, path), size: bytes.length }))
  const read: [string, number][] = []
  for await (const { path, data } of readAhead(files)) read.push([path, data!.length])
  expect(read).toEqual(files.map(({ path, size }) => [path, size]))
})

it('gives a file that is gone without bytes', async () => {
  const root = await sampleTree({ there: 'x' })
  const files = ['gone', 'there'].map((name) => ({ path: join(root, name), size: 1 }))
  const read: (string | undefined)[] = []
  for await (const { data } of readAhead(files)) read.push(data && Buffer.from(data).toString())
  expect(read).toEqual([undefined, 'x'])
})
