import type { ConformanceCase } from './conformance-case.js'
import { equal, equalNames, rejects } from './expectations.js'
import { createWith, expectFile, sampleBytes } from './sample-files.js'

const allowed = [
  'a',
  '0',
  '-',
  '_x',
  'data00000.dat',
  '.tmp.data00000.dat',
  '.cut.data00000.dat.4294967295',
  'a..b',
  '..c',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  'abcdefghijklmnopqrstuvwxy-z_0123456789',
  `${'n'.repeat(250)}12345`,
]

const refused = ['', '.', '..', '../outside', 'a/b', '/a', 'a\\b', 'a b', 'a:b', 'a\0b', 'ä', 'n'.repeat(256), '.lock', '.lock.1']

export const naming: readonly ConformanceCase[] = [
  {
    guarantee: 'names/served',
    title: 'keeps a file under every name that is allowed',
    async run({ backend, reopen }) {
      for (const [seed, name] of allowed.entries()) await (await createWith(backend, name, sampleBytes(20, seed))).close()
      equalNames(await backend.list(), allowed, 'names')
      const other = await reopen()
      for (const [seed, name] of allowed.entries()) await expectFile(other, name, sampleBytes(20, seed))
    },
  },
  {
    guarantee: 'names/refused',
    title: 'refuses to open, create or remove any other name',
    async run({ backend }) {
      await (await createWith(backend, 'a', sampleBytes(9))).close()
      for (const name of refused) {
        const quoted = JSON.stringify(name)
        await rejects('UNSUPPORTED', `create ${quoted}`, () => backend.create(name))
        await rejects('UNSUPPORTED', `open ${quoted}`, () => backend.open(name))
        await rejects('UNSUPPORTED', `remove ${quoted}`, () => backend.remove(name))
        if (backend.openSync) await rejects('UNSUPPORTED', `openSync ${quoted}`, () => backend.openSync?.(name))
      }
      equal((await backend.list()).join(), 'a', 'names')
      await expectFile(backend, 'a', sampleBytes(9))
    },
  },
  {
    guarantee: 'names/refused',
    title: 'refuses to replace by or under any other name',
    async run({ backend }) {
      await (await createWith(backend, 'a', sampleBytes(9))).close()
      for (const name of refused) {
        await rejects('UNSUPPORTED', `replace a ${JSON.stringify(name)}`, () => backend.replace('a', name))
        await rejects('UNSUPPORTED', `replace ${JSON.stringify(name)} a`, () => backend.replace(name, 'a'))
      }
      equal((await backend.list()).join(), 'a', 'names')
      await expectFile(backend, 'a', sampleBytes(9))
    },
  },
]
