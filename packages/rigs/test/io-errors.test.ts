import { describe, expect, test } from 'vitest'
import { errorPrograms } from '../src/io-errors/error-program.js'
import { everyError } from '../src/io-errors/every-error.js'
import { printCount } from './print-count.js'

describe('an error of any backend call', () => {
  test.each(errorPrograms())('that strikes once: $name', async (program) => {
    const report = await everyError(program)
    printCount('injected errors', report.faults)
    expect(report.faults).toBeGreaterThan(50)
  })
})
