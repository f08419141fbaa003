import { writeSync } from 'node:fs'
import { replicate, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { countedItem } from './counted-item.js'

// One side of a replication, in a process of its own, until it is killed. It tells on stdout what it may be held to, a line each.

const [role, source = '', copy = ''] = process.argv.slice(2)
const options = { maxFileSize: 32 * 1024 }
const interval = 5

function say(line: string): void {
  writeSync(1, `${line}\n`)
}

/** Adds durable items for ever, sometimes several as one transaction. */
async function write(db: Varve): Promise<void> {
  for (let { nextSequence: sequence } = await db.stats(); ; ) {
    if (sequence % 10 === 0) {
      const transaction = db.transaction()
      for (let n = 0; n < 5; n++) transaction.add(countedItem(sequence++))
      await transaction.commit()
    } else await db.add(countedItem(sequence++), { durable: true })
    say(`durable ${sequence}`)
  }
}

function tellCopied(db: Varve): void {
  const replication = replicate(db, fsBackend(copy), { interval })
  db.on('replicate', ({ sequence }) => say(`copied ${sequence}`))
  replication.done.catch((error: Error) => say(`ended: ${error.message}`))
}

if (role === 'both') {
  const db = await Varve.open(fsBackend(source), { ...options, retention: { maxFiles: 6, replicas: 1 } })
  tellCopied(db)
  await write(db)
} else if (role === 'writer') {
  await write(await Varve.open(fsBackend(source), options))
} else {
  tellCopied(await Varve.open(fsBackend(source), { ...options, readOnly: true }))
}
