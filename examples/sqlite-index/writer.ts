// Puts documents until it is killed, and prints each key once it was put: writer.ts DIRECTORY
import { Documents } from './documents.js'

const [directory] = process.argv.slice(2)
if (!directory) throw new Error('writer.ts DIRECTORY')

const documents = await Documents.open(directory)
for (let n = 0; ; n++) {
  const key = `document ${n}`
  await documents.put(key, Buffer.from(`the words of ${key}`))
  process.stdout.write(`${key}\n`)
}
