import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sampleStore } from '../sample-store.js'
import { temporaryDirectory } from '../sample-tree.js'
import { onTerminal } from './spawn-varve.js'

const colour = '\x1b[3'

describe('on a terminal', () => {
  it('verify shows a bar with rate and time, and gives the cursor back', async () => {
    const { path } = await sampleStore(['x'.repeat(5_000_000)])
    const { code, text, raw } = await onTerminal(['verify', path])
    expect(code).toBe(0)
    expect(text).toMatch(/verify ━+ 100% {2}4\.8 MiB of 4\.8 MiB {2}\S+ MB\/s {2}in .+\n/)
    expect(text).toMatch(/intact items +│ +1 │/)
    expect(raw.lastIndexOf('\x1b[?25h')).toBeGreaterThan(raw.lastIndexOf('\x1b[?25l'))
  })

  it('add shows its locations above a bar', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'file'), 'x'.repeat(1000))
    const { code, text } = await onTerminal(['add', join(directory, 'blocks'), join(directory, 'file')])
    expect(code).toBe(0)
    expect(text).toMatch(/0:44:1000 {2}.+file\n.*add ━+ 100%/)
  })

  it('an error is in colour, but not where NO_COLOR is set', async () => {
    const path = '/nowhere/at/all'
    const inColour = await onTerminal(['list', path])
    expect(inColour).toMatchObject({
      code: 5,
      raw: expect.stringContaining(colour),
      text: expect.stringContaining('error: there is no store'),
    })
    const plain = await onTerminal(['list', path], { env: { NO_COLOR: '1' } })
    expect(plain.raw).not.toContain(colour)
  })

  it('a removal asks first, and is done on yes', async () => {
    const { path } = await sampleStore(['one', 'two'])
    const { code, text } = await onTerminal(['destroy', path], { prompt: 'Yes / ', keys: 'y' })
    expect(text).toContain(`Remove the store in ${path}, 1 data file with `)
    expect([code, text]).toEqual([0, expect.stringContaining('removed 1 data file with ')])
    expect(existsSync(path)).toBe(false)
  })

  it.each([
    ['no', 'n'],
    ['return', '\r'],
    ['control C', '\x03'],
  ])('a removal is not done on %s', async (_, keys) => {
    const { path } = await sampleStore(['one', 'two'])
    const { code, text } = await onTerminal(['drop', path, '0'], { prompt: 'Yes / ', keys })
    expect(text).toContain('Remove data file 0 with its 2 items with 6 B?')
    expect([code, text]).toEqual([1, expect.stringContaining('error: nothing was removed')])
    expect(existsSync(join(path, 'data00000.dat'))).toBe(true)
  })
})
