// A service on port 8080 that keeps uploads in ./uploads: main.ts [PORT] [DIRECTORY]
import { MiB, open, stopOnSignals } from 'varve'
import { uploadService } from './upload-service.js'

const [port = '8080', directory = './uploads'] = process.argv.slice(2)
const db = await open(directory)
// Ctrl+C loses nothing: what is being written is finished first.
stopOnSignals(db)
uploadService(db, { maxUploadSize: 64 * MiB }).listen(Number(port), '127.0.0.1', () => {
  console.log(`curl --data-binary @FILE -i http://127.0.0.1:${port}/uploads`)
})
