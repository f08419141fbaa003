import { isBlockValid } from '../read/check-block.js'
import { type Damage, damageAt, damagesOf, headerDamage } from '../read/damage.js'
import { isRestZero } from '../read/diagnose.js'
import { FileSurvey, type FileSurveyParts, type SurveyedBlock } from '../read/file-survey.js'
import type { FileWindow } from '../read/file-window.js'
import { run } from '../read/loads.js'
import { type Salvaged, salvageRecords } from '../read/salvage.js'

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
  /** The sequence and the time behind it. */
  readonly sequence: number
  readonly timestamp: number
  /** Where its blocks end. */
  readonly end: number
  readonly isClosed: boolean
}

/** A block with what is left of its records, which is undefined where all are intact. */
export interface ExaminedBlock {
  readonly block: SurveyedBlock
  readonly salvaged: Salvaged | undefined
  /** Its records that an earlier repair put in place of lost ones. */
  readonly lost: number
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
  for await (const { block, salvaged, lost: earlier } of examineBlocks(window, survey, parts.storeSeed)) {
    const damages = damagesOf(open, block, salvaged)
    for (const damage of damages) onDamage(damage)
    const lostNow = salvaged?.lost.reduce((sum, { count }) => sum + count, 0) ?? 0
    items += (salvaged ? salvaged.count : block.header.count) - lostNow - earlier
    lost += earlier
  }
  const { position: end, sequence, timestamp, isClosed } = survey
  await examineEnd(window, survey, parts)
  return { items, lost, sequence, timestamp, end, isClosed }
}

/** The blocks of a file, each with its records looked at. */
export async function* examineBlocks(window: FileWindow, survey: FileSurvey, storeSeed: number): AsyncGenerator<ExaminedBlock> {
  for (let block = await survey.next(); block; block = await survey.next()) {
    let lost = 0
    const count = ({ state }: { readonly state: string }): void => void (state === 'lost' && lost++)
    const isIntact = !block.salvaged && (block.header.close || (await isBlockValid(window, block, storeSeed, block.header.losses ? count : undefined)))
    if (isIntact) {
      yield { block, salvaged: undefined, lost }
      continue
    }
    lost = 0
    const salvaged = block.salvaged ?? (await salvageBlock(window, block, storeSeed))
    yield { block, salvaged, lost: block.header.losses ? await countEarlier(window, block, salvaged, storeSeed) : 0 }
  }
}

/** What is left of the records of a block that is not valid. */
export function salvageBlock(window: FileWindow, { start, end, header }: SurveyedBlock, storeSeed: number): Promise<Salvaged> {
  const { count, losses: hasLosses = false } = header
  return salvageRecords(window, { start, end, isWhole: true, count, isGap: false, hasLosses }, storeSeed)
}
