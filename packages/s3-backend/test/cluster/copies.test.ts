import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { beforeAll, describe, expect, test } from 'vitest'
import { bytes } from '../support/stored-files.js'
import { backendAt, endpoint, freshPrefix, makeBucket, needsCluster } from './cluster.js'

describe.skipIf(!endpoint)(`a copy${needsCluster}`, () => {
  beforeAll(() => makeBucket())

  test('from disk to the object store and back is byte for byte the same store', { timeout: 120_000 }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'varve-s3-copy-'))
    const [here, back] = [join(directory, 'here'), join(directory, 'back')]
    const options = { maxFileSize: 64 * 1024, overwrite: true }
    const source = await Varve.open(fsBackend(here), options)
    const locations = []
    for (let n = 0; n < 300; n++) locations.push(await source.add(bytes(1 + ((n * 37) % 2000), n)))
    await source.ltrim(0, locations[5]!.position)
    await source.dropIndex(1)
    await source.stop()

    const prefix = freshPrefix()
    const first = await Varve.open(fsBackend(here), { readOnly: true })
    await first.copyTo(backendAt(prefix))
    await first.stop()
    const second = await Varve.open(backendAt(prefix), { readOnly: true })
    await second.copyTo(fsBackend(back))
    await second.stop()

    const files = (path: string) =>
      new Map(
        readdirSync(path)
          .filter((name) => !name.startsWith('.'))
          .map((name) => [name, readFileSync(join(path, name)).toString('hex')]),
      )
    expect(files(here).size).toBeGreaterThan(3)
    expect(files(back)).toEqual(files(here))
    rmSync(directory, { recursive: true })
  })
})
