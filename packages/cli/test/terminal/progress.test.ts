import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { startProgress } from '../../src/terminal/progress.js'
import { CapturedOutput } from '../captured-output.js'

describe('progress on a terminal', () => {
  it('is a bar with size and rate, and lines above it', () => {
    const output = new CapturedOutput({ isTTY: true })
    const progress = startProgress(output, 'write', 2048)
    progress.advance(1024)
    progress.log('a line')
    progress.advance(1024)
    progress.stop()
    const text = stripVTControlCharacters(output.text)
    expect(text).toMatch(/a line\n.*write ━+ 100% {2}2 KiB of 2 KiB {2}\S+ MB\/s {2}in .+\n$/)
  })

  it('is size and rate alone where nobody knows how much there is', () => {
    const output = new CapturedOutput({ isTTY: true })
    const progress = startProgress(output, 'add')
    progress.advance(2048)
    progress.stop()
    expect(stripVTControlCharacters(output.text)).toMatch(/add 2 KiB {2}\S+ MB\/s\n$/)
  })

  it('gives the cursor back', () => {
    const output = new CapturedOutput({ isTTY: true })
    startProgress(output, 'write', 1).stop()
    expect(output.text.lastIndexOf('\x1b[?25h')).toBeGreaterThan(output.text.lastIndexOf('\x1b[?25l'))
  })
})

describe('progress in a pipe', () => {
  it('is nothing but the lines that are told', () => {
    const output = new CapturedOutput()
    const progress = startProgress(output, 'write', 4096)
    progress.advance(1024)
    progress.log('a line')
    progress.stop()
    expect(output.text).toBe('a line\n')
  })
})
