import { createInterface } from 'node:readline'
import { VarveError } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import type { OpenJob } from './job.js'
import { report } from './report.js'
import { lookSettings } from './settings.js'
import { Writer } from './writer.js'

/** Opens a store, adds to it and stops it, as stdin says, a line each: `open <life>`, `add <size>`, `stop`. */
export async function openOnCommand({ directory }: OpenJob): Promise<void> {
  let writer: Writer | undefined
  report({ is: 'done', reads: 0 })
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, argument] = line.split(' ')
    try {
      if (command === 'open') {
        writer = new Writer(fsBackend(directory), lookSettings, Number(argument))
        await writer.open()
      } else if (command === 'add' && writer) {
        const { mark, data } = writer.next(Number(argument))
        writer.accepted([mark], [await writer.store.add(data, { durable: true })], { durable: true, readable: true })
      } else await writer?.store.stop()
    } catch (error) {
      if (!VarveError.is(error)) throw error
      report({ is: 'refused', operation: line, code: error.code, message: error.message })
    }
  }
}
