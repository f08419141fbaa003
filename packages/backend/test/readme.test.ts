import { readFileSync } from 'node:fs'
import { guarantees } from '@varve/backend/conformance'
import { expect, test } from 'vitest'

test('the README has every guarantee of the suite in its words, in its order, and no other', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const table = readme.slice(readme.indexOf('| | guarantee |'), readme.indexOf('What no suite can see'))
  const rows = [...table.matchAll(/^\| (?:\*\*.*\*\*)? ?\| (.*) \|$/gm)].map(([, sentence]) => sentence)
  expect(rows.slice(1)).toEqual(Object.values(guarantees))
})
