import { describe, expect, it } from 'vitest'
import { commands } from '../src/commands/commands.js'
import { ExitCode } from '../src/exit-code.js'
import { varve } from './run-varve.js'
import { manyFiles, sampleTree } from './sample-tree.js'

describe('varve', () => {
  it('says what commands there are, and what each does, with an example', async () => {
    const program = await varve('--help')
    expect(program).toMatchObject({ exitCode: ExitCode.fine, err: '' })
    const names = [...program.out.matchAll(/^ {2}([a-z]+) .*[\]>] {2}/gm)]
      .map(([, name]) => name as string)
      .filter((name) => name !== 'help')
    const helps = [program.out]
    for (const name of names) {
      const { exitCode, out, err } = await varve(name, '--help')
      expect([exitCode, err]).toEqual([ExitCode.fine, ''])
      expect(out).toMatch(/\nExamples?:\n {2}\$ varve /)
      helps.push(out)
    }
    expect(names).toHaveLength(commands.length + 1)
    await expect(helps.join(`\n${'-'.repeat(100)}\n\n`)).toMatchFileSnapshot('help.txt')
  })

  it('says its version', async () => {
    expect(await varve('--version')).toMatchObject({ exitCode: ExitCode.fine, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })

  it.each([[['nothing']], [['roundtrip', '--nothing']], [['roundtrip', 'one', 'two']]])(
    'takes %j as misuse and says where help is',
    async (args) => {
      const { exitCode, out, err } = await varve(...args)
      expect([exitCode, out]).toEqual([ExitCode.usage, ''])
      expect(err).toMatch(/^error: .+\n\(varve --help/)
    },
  )

  it('tells an error in one line', async () => {
    const { exitCode, out, err } = await varve('roundtrip', '/nowhere/at/all')
    expect([exitCode, out]).toEqual([ExitCode.notFound, ''])
    expect(err).toBe('error: there is no directory /nowhere/at/all\n')
  })

  it('tells an error with its stack and causes with --debug', async () => {
    const { err } = await varve('roundtrip', '/nowhere/at/all', '--debug')
    expect(err).toMatch(/^error: .+\nCommandError: .+\n +at [\s\S]+caused by Error: ENOENT/)
  })
})

describe('varve roundtrip', () => {
  it('tells events and progress on standard error and ends with a table on standard output', async () => {
    const { exitCode, out, err } = await varve('roundtrip', await sampleTree(manyFiles(120)))
    expect(exitCode).toBe(ExitCode.fine)
    expect(err).toMatch(/^120 files, .+ under .+, to a store in .+\n/)
    for (const told of [/start +the next item is number 0/, /write +\d+ items, /, /commit +60 items, .+ as one transaction/])
      expect(err).toMatch(told)
    expect(err).toMatch(/stop +all durable, the next item is number 120/)
    expect(out).toMatch(/added +│ +60 │.*\n.*in one transaction +│ +60 │.*\n.*read back, hashes equal +│ +120 │/)
    expect(out).toMatch(/data files +│ +1 │/)
    expect(out).toMatch(/│ +0:\d+:\d+ │ [0-9a-f]{16}… │ folder-\d\/file-\d+ +│/)
  })

  it('prints one JSON value with --json', async () => {
    const { exitCode, out } = await varve('roundtrip', await sampleTree(manyFiles(3)), '--json')
    expect(exitCode).toBe(ExitCode.fine)
    expect(JSON.parse(out)).toMatchObject({ items: 3, committed: { items: 2 }, files: 1 })
    expect(out.split('\n')).toHaveLength(2)
  })
})
