import { type Damage, damagesOf, headerDamage } from '../read/damage.js'
import { examineBlock, examineEnd } from '../read/examined-block.js'
import { FileSurvey, type FileSurveyParts } from '../read/file-survey.js'
import type { FileWindow } from '../read/file-window.js'

export interface ExaminationParts extends FileSurveyParts {
  /** Whether the store goes on in another file: then this one ends in a closing block. */
  readonly isComplete: boolean
  readonly onDamage: (damage: Damage) => void
}

/** What a file was found to hold. */
export interface Examination {
  /** Intact items. */
  readonly items: number
  /** Items that an earlier repair found lost. */
  readonly lost: number
  /** The sequence with which it begins. */
  readonly start: number
  /** The sequence and the time behind it. */
  readonly sequence: number
  readonly timestamp: number
  /** How many records are missing behind it, at most. */
  readonly missing: number
  /** Where its blocks end. */
  readonly end: number
  readonly isClosed: boolean
  /** Whether it ends within a block, or in records that can't be made out. */
  readonly isCutOff: boolean
}

/** Reads every byte of a file up to the limit, names all damage in order, and counts what is intact. */
export async function examineFile(window: FileWindow, parts: ExaminationParts): Promise<Examination> {
  const { open } = window
  const { onDamage } = parts
  const header = headerDamage(open)
  if (header) onDamage(header)
  const survey = new FileSurvey(window, parts)
  let items = 0
  let lost = 0
  let isCutOff = false
  for (let block = await survey.next(); block; block = await survey.next()) {
    const { salvaged, lost: earlier } = await examineBlock(window, block, parts.storeSeed)
    for (const damage of damagesOf(open, block, salvaged)) onDamage(damage)
    const lostNow = salvaged?.lost.reduce((sum, { count }) => sum + count, 0) ?? 0
    items += (salvaged ? salvaged.count : block.header.count) - lostNow - earlier
    lost += earlier
    isCutOff = salvaged !== undefined && (salvaged.missing > 0 || salvaged.lost.length > 0)
  }
  const { start, position: end, sequence, timestamp, isClosed } = survey
  const { damage, missing } = await examineEnd(window, survey, parts)
  if (damage) onDamage(damage)
  return { items, lost, start, sequence, timestamp, missing, end, isClosed, isCutOff: isCutOff && !isClosed }
}
