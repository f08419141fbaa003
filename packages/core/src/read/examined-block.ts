import { isBlockValid } from './check-block.js'
import { type Damage, damageAt } from './damage.js'
import { isRestZero } from './diagnose.js'
import type { FileSurvey, SurveyedBlock } from './file-survey.js'
import type { FileWindow } from './file-window.js'
import { run } from './loads.js'
import { type Salvaged, salvageRecords } from './salvage.js'

/** A block with what is left of its records, which is undefined where all are intact. */
export interface ExaminedBlock {
  readonly block: SurveyedBlock
  readonly salvaged: Salvaged | undefined
  /** How many of its records an earlier repair put in place of lost ones. */
  readonly lost: number
}

/** Looks at every record of a block. */
export async function examineBlock(window: FileWindow, block: SurveyedBlock, storeSeed: number): Promise<ExaminedBlock> {
  const { header } = block
  let lost = 0
  const count = ({ state }: { readonly state: string }): void => void (state === 'lost' && lost++)
  const isIntact = !block.salvaged && (header.close || (await isBlockValid(window, block, storeSeed, header.losses ? count : undefined)))
  if (isIntact) return { block, salvaged: undefined, lost }
  const salvaged = block.salvaged ?? (await salvageBlock(window, block, storeSeed))
  return { block, salvaged, lost: salvaged.earlier }
}

/** What is left of the records of a block that is not valid. */
function salvageBlock(window: FileWindow, { start, end, header }: SurveyedBlock, storeSeed: number): Promise<Salvaged> {
  const { count, losses: hasLosses = false } = header
  return salvageRecords(window, { start, end, isWhole: true, count, isGap: false, hasLosses }, storeSeed)
}

export interface EndParts {
  /** Where what is to be looked at ends. */
  readonly limit: number
  /** Whether the store goes on in another file: then this one ends in a closing block. */
  readonly isComplete: boolean
  /** The sequence with which it goes on there, where that is known. */
  readonly sequenceBehind: () => Promise<number | undefined>
}

/** What is wrong behind the last block of a file that was surveyed: something is missing, or something stands there that should not. */
export async function damageBehind(window: FileWindow, survey: FileSurvey, parts: EndParts): Promise<Damage | undefined> {
  const { limit, isComplete, sequenceBehind } = parts
  const { open } = window
  const { position, sequence, isClosed } = survey
  const isEmpty = position >= limit || (await run(window, isRestZero(window, position)))
  const length = isEmpty ? 0 : limit - position
  if (isComplete && !isClosed) {
    const behind = (await sequenceBehind()) ?? sequence
    const detail = 'the file does not end in a closing block, though there is another one behind it'
    return damageAt(open, 'closing-block', { position, length, lost: { from: sequence, to: behind }, detail })
  }
  if (isEmpty) return undefined
  if (isComplete) return damageAt(open, 'garbage', { position, length, detail: 'these bytes stand behind the closing block' })
  return damageAt(open, 'gap', { position, length, detail: 'nothing can be made out' })
}
