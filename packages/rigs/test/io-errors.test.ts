import { describe, expect, test } from 'vitest'
import { errorPrograms } from '../src/io-errors/error-program.js'
import { everyError } from '../src/io-errors/every-error.js'
import { printCount } from './print-count.js'

const timeout = 300_000
// Each program has some dozen calls, and most calls several errors that fit them.
const LEAST_ERRORS = 50

describe('an error of any backend call', () => {
  test.each(errorPrograms())('that strikes once has a name, leaks nothing and loses nothing: $name', { timeout }, async (program) => {
    const { faults, powerCuts } = await everyError(program)
    printCount('I/O errors', faults)
    printCount('power cuts after an I/O error', powerCuts)
    expect(faults).toBeGreaterThan(LEAST_ERRORS)
  })

  test.each(errorPrograms())('that stays has a name, leaks nothing and loses nothing: $name', { timeout }, async (program) => {
    const { faults, powerCuts } = await everyError(program, { persistent: true, powerCuts: 1 })
    printCount('I/O errors that stay', faults)
    printCount('power cuts after an I/O error', powerCuts)
    expect(faults).toBeGreaterThan(LEAST_ERRORS)
  })
})
