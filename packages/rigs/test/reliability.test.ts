import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { outdatedIn } from '../src/reliability/coverage-figures.js'
import { fixedPart, hasTitle } from '../src/reliability/find-evidence.js'
import { matrix } from '../src/reliability/matrix.js'
import { fits, readCounts } from '../src/reliability/test-report.js'
import { uncovered } from '../src/reliability/uncovered.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const evidence = matrix.flatMap(({ shownBy }) => shownBy)

describe('the matrix', () => {
  test.each(evidence)('names a test that there is: $title ($file)', (one) => {
    expect(existsSync(`${root}${one.file}`)).toBe(true)
    expect(hasTitle(readFileSync(`${root}${one.file}`, 'utf8'), one)).toBe(true)
  })

  test('has a test for every line', () => {
    expect(matrix.filter(({ shownBy }) => shownBy.length === 0)).toEqual([])
  })
})

describe('the list of what is not covered', () => {
  test.each(uncovered)('names a branch that there is, and why: $file, $what', ({ file, what, reason }) => {
    expect(existsSync(`${root}${file}`)).toBe(true)
    expect(
      readFileSync(`${root}${file}`, 'utf8')
        .split('\n')
        .filter((line) => line.includes(what)),
    ).not.toEqual([])
    expect(reason).toMatch(/ .+ /)
  })

  test('is outdated where a branch is taken by now, or is not there any more', () => {
    const listed = (what: string) => ({ file: 'a.ts', what, reason: 'it can not be' })
    const missed = [{ file: 'a.ts', text: 'if (one) return' }]
    expect(outdatedIn([listed('if (one)'), listed('if (two)')], missed)).toEqual([listed('if (two)')])
  })
})

describe('a title', () => {
  test('is found where it stands in a source, and not where it does not', () => {
    const source = `test('a clock that jumps', () => {})\ntest.each([1])("of %s's size", () => {})`
    expect(hasTitle(source, { file: 'f', title: 'clock that jumps' })).toBe(true)
    expect(hasTitle(source, { file: 'f', title: "%s's size" })).toBe(true)
    expect(hasTitle(source, { file: 'f', title: 'test.each' })).toBe(false)
  })

  test('is compared up to what is filled in', () => {
    expect(fixedPart('fails with %s alike')).toBe('fails with ')
    expect(fixedPart('$name')).toBe('')
    expect(fits({ file: 'f', title: 'a write fails with IO alike' }, { file: 'f', title: 'fails with %s alike' })).toBe(true)
    expect(fits({ file: 'g', title: 'a write fails with IO alike' }, { file: 'f', title: 'fails with %s alike' })).toBe(false)
  })
})

test('the numbers that a test prints are read with its file and title', () => {
  const stdout = 'stdout | packages/a.test.ts > group > test\nCOUNT crash states 1200\nnoise\nCOUNT faults 3\n'
  const where = { file: 'packages/a.test.ts', title: 'group test' }
  expect(readCounts(stdout)).toEqual([
    { ...where, name: 'crash states', value: 1200 },
    { ...where, name: 'faults', value: 3 },
  ])
})
