import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findFiles } from '../../src/roundtrip/find-files.js'
import { sampleTree, temporaryDirectory } from '../sample-tree.js'

const options = { except: '', maxSize: 1000, signal: new AbortController().signal }

describe('findFiles', () => {
  it('finds every regular file in the order of paths, with its size', async () => {
    const root = await sampleTree({ 'b/c': '12', 'b/a/d': '1', a: '123' })
    const { files, bytes } = await findFiles(root, options)
    expect(files).toEqual([
      { path: join(root, 'a'), size: 3 },
      { path: join(root, 'b/a/d'), size: 1 },
      { path: join(root, 'b/c'), size: 2 },
    ])
    expect(bytes).toBe(6)
  })

  it('counts what it leaves out', async () => {
    const root = await sampleTree({ large: 'x'.repeat(1001), fits: 'x'.repeat(1000) })
    const server = createServer().listen(join(root, 'socket'))
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { files, skipped } = await findFiles(root, options)
    expect(files).toHaveLength(1)
    expect(skipped).toEqual({ symbolicLinks: 1, special: 1, empty: 1, tooLarge: 1, unreadable: 0 })
  })

  it('does not go into the directory that is excepted', async () => {
    const root = await sampleTree({ 'store/data00000': 'x', 'other/data00000': 'x' })
    const { files } = await findFiles(root, { ...options, except: join(root, 'store') })
    expect(files.map(({ path }) => path)).toEqual([join(root, 'other/data00000')])
  })

  it('rejects where the directory itself is not there', async () => {
    const root = await temporaryDirectory()
    await rm(root, { recursive: true })
    await expect(findFiles(root, options)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
