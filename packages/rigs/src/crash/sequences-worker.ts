import { answerSeeds } from '../threads/answer-seeds.js'
import { searchSequences } from './search-sequences.js'

// Errors are how an engine learns that a file is not there: their stacks would cost a sixth of the time.
Error.stackTraceLimit = 0

answerSeeds(searchSequences)
