import type { ConformanceCase } from './conformance-case.js'
import { equal, equalNames } from './expectations.js'

export const listing: readonly ConformanceCase[] = [
  {
    guarantee: 'list/no-container',
    title: 'is empty where there is no container yet, and where it is gone',
    async run({ backend, reopen }) {
      equal((await backend.list()).length, 0, 'names')
      await (await backend.create('a')).close()
      await backend.remove('a')
      await backend.destroy()
      equal((await (await reopen()).list()).length, 0, 'names after destroy')
    },
  },
  {
    guarantee: 'list/names',
    title: 'names every file once, and follows each change',
    async run({ backend, reopen }) {
      const names = Array.from({ length: 20 }, (_, index) => `data${String(index).padStart(5, '0')}.dat`)
      for (const name of [...names, '.tmp.data00003.dat', '.cut.data00019.dat.77']) await (await backend.create(name)).close()
      equalNames(await backend.list(), [...names, '.tmp.data00003.dat', '.cut.data00019.dat.77'], 'names after create')
      await backend.replace('.tmp.data00003.dat', 'data00003.dat')
      await backend.remove('data00000.dat')
      const left = [...names.slice(1), '.cut.data00019.dat.77']
      equalNames(await backend.list(), left, 'names after replace and remove')
      equalNames(await (await reopen()).list(), left, 'names from elsewhere')
    },
  },
  {
    guarantee: 'list/no-lock',
    title: 'leaves the lock out, while it is held and after',
    async run({ backend, reopen }) {
      const lock = await backend.lock()
      equalNames(await backend.list(), [], 'names while locked')
      await (await backend.create('a')).close()
      equalNames(await (await reopen()).list(), ['a'], 'names from elsewhere while locked')
      await lock.release()
      equalNames(await backend.list(), ['a'], 'names after release')
    },
  },
]
