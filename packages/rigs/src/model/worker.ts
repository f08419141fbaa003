import { answerSeeds } from '../threads/answer-seeds.js'
import { searchSeed } from './search.js'

answerSeeds(searchSeed)
