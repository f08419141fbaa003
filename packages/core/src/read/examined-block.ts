import { isBlockValid } from './check-block.js'
import { type Damage, type DamageKind, damageAt } from './damage.js'
import { isRestZero } from './diagnose.js'
import type { FileBeginning } from './file-beginning.js'
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
  /** How it begins, where that is known. */
  readonly next: () => Promise<FileBeginning | undefined>
}

/** What was found at the end of a file. */
export interface EndFinding {
  readonly damage: Damage | undefined
  /** How many records are missing there, at most. */
  readonly missing: number
}

/** What is wrong behind the last block of a file that was surveyed: something is missing, or something stands there that should not. */
export async function examineEnd(window: FileWindow, survey: FileSurvey, parts: EndParts): Promise<EndFinding> {
  const { limit, isComplete } = parts
  const { open } = window
  const { position, sequence, isClosed } = survey
  const isEmpty = position >= limit || (await run(window, isRestZero(window, position)))
  const length = isEmpty ? 0 : limit - position
  const found = (kind: DamageKind, detail: string, missing = 0): EndFinding => {
    return { damage: damageAt(open, kind, { position, length, lost: { from: sequence, to: sequence + missing }, detail }), missing }
  }
  if (!isComplete) return isEmpty ? INTACT : found('gap', 'nothing can be made out')
  const next = await parts.next()
  const missing = Math.max(0, (next?.sequence ?? 0) - sequence)
  if (!isClosed) return found('closing-block', 'the file does not end in a closing block, though there is another one behind it', missing)
  // A closing block may be that of an earlier stop. Of what was trimmed or dropped it is not known what it was.
  if (missing > 0 && !next?.isTrimmed && !open.header.dropped) return found('gap', 'the file ends before the next one begins', missing)
  return isEmpty ? INTACT : found('garbage', 'these bytes stand behind the closing block')
}

const INTACT: EndFinding = { damage: undefined, missing: 0 }
