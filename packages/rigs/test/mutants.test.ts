import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { plant } from '../src/mutants/mutant.js'
import { plantedBugs } from '../src/mutants/planted-bugs.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

describe('a planted bug', () => {
  test.each(plantedBugs)('still has its place: $name', (mutant) => {
    const sourceOf = (file: string): string => readFileSync(`${root}${file}`, 'utf8')
    for (const [file, text] of plant(mutant, sourceOf)) expect(text).not.toBe(sourceOf(file))
  })

  test('is refused where its place occurs twice, or not at all', () => {
    const mutant = { name: 'n', why: 'w', file: 'f', find: 'a', replace: 'b', rigs: [] }
    expect(plant(mutant, () => 'xay')).toEqual(new Map([['f', 'xby']]))
    expect(() => plant(mutant, () => 'xaya')).toThrow("'n': its place occurs 2 times in f")
    expect(() => plant(mutant, () => 'xy')).toThrow("'n': its place occurs 0 times in f")
  })

  test('may have several places, in one file or in several', () => {
    const also = [
      { file: 'f', find: 'y', replace: 'z' },
      { file: 'g', find: 'a', replace: '' },
    ]
    const mutant = { name: 'n', why: 'w', file: 'f', find: 'a', replace: 'b', also, rigs: [] }
    expect(plant(mutant, (file) => (file === 'f' ? 'xay' : 'ab'))).toEqual(
      new Map([
        ['f', 'xbz'],
        ['g', 'b'],
      ]),
    )
  })

  test('has a name of its own', () => {
    expect(new Set(plantedBugs.map(({ name }) => name)).size).toBe(plantedBugs.length)
  })
})
