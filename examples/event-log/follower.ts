// A follower in a process of its own: follower.ts DIRECTORY CHECKPOINT
import { followEvents } from './event-log.js'

const [path, checkpoint] = process.argv.slice(2)
if (!path || !checkpoint) throw new Error('follower.ts DIRECTORY CHECKPOINT')

await followEvents(path, {
  checkpoint,
  onEvent: (event, sequence) => console.log(`${sequence} ${event.type}`),
})
