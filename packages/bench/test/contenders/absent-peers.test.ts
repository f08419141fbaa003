import { afterEach, expect, it, vi } from 'vitest'
import { presentEntrants } from '../../src/command/present-entrants.js'
import type { Contender } from '../../src/contender.js'
import { aiodiskdb, PYTHON } from '../../src/contenders/aiodiskdb.js'
import { plainFs } from '../../src/contenders/plain-fs.js'
import { versionOfPeer } from '../../src/peer-packages.js'

afterEach(() => vi.unstubAllEnvs())

it('leaves out, by name and with the reason, what can not run here', async () => {
  vi.stubEnv(PYTHON, '')
  const broken: Contender = { ...plainFs, name: 'broken', probe: () => Promise.reject(new Error('it has no binary for this machine')) }
  const { entrants, versions, leftOut } = await presentEntrants([plainFs, aiodiskdb, broken])
  expect(entrants.map(({ name }) => name)).toEqual(['fs'])
  expect(versions).toEqual({ fs: `Node ${process.version}` })
  expect(leftOut).toEqual([
    { name: 'aiodiskdb', reason: 'no Python was given: --python PATH names one that has it' },
    { name: 'broken', reason: 'it has no binary for this machine' },
  ])
})

it('says of a Python without aiodiskdb that it can not import it', async () => {
  // Node is no Python at all.
  vi.stubEnv(PYTHON, process.execPath)
  await expect(aiodiskdb.probe()).rejects.toThrow(`${process.execPath} can't import aiodiskdb`)
})

it('says of a peer that is not installed so', async () => {
  await expect(versionOfPeer('no-such-peer')).rejects.toThrow('no-such-peer')
})
