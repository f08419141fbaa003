// Kills a writer in the middle of its work, loses the index, and finds everything again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Documents } from './documents.js'

const directory = await mkdtemp(join(tmpdir(), 'varve-documents-'))
const writer = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('./writer.ts', import.meta.url)), directory])
let printed = ''
for await (const lines of writer.stdout) {
  printed += lines
  if (printed.includes('document 100\n')) writer.kill('SIGKILL')
}
if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'close')
const keys = printed.split('\n').slice(0, -1)
console.log(`the writer was killed; it had acknowledged ${keys.length} documents`)

for (const lost of ['', 'index.sqlite']) {
  if (lost) await rm(join(directory, lost))
  const documents = await Documents.open(directory)
  let found = 0
  for (const key of keys) if (await documents.get(key)) found++
  await documents.close()
  console.log(`${lost ? 'without its index' : 'opened again'}: ${found} of them are found`)
}
await rm(directory, { recursive: true })
