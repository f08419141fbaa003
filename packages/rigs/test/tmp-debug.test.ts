import { test } from 'vitest'
import { errorPrograms } from '../src/io-errors/error-program.js'
import { everyError } from '../src/io-errors/every-error.js'

test('debug', async () => {
  const program = errorPrograms().find(({ name }) => name === process.env.PROGRAM)!
  try {
    await everyError(program, { persistent: !!process.env.PERSISTENT })
  } catch (e: any) {
    for (let c = e; c; c = c.cause) console.log(c.message, c.stack.split('\n').slice(0, 6).join('\n'))
    for (const c of e.attempt.calls) console.log(c.number, c.kind, c.name, c.position, c.size, c.fault ?? '', c.outcome)
  }
})
