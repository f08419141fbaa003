import { compareLocations } from '@varve/core'
import type { AiodiskdbFiles } from './aiodiskdb-files.js'
import type { ListedItem, Refusal } from './listed-item.js'

export interface CheckedList {
  /** In the order of the list. */
  readonly items: readonly ListedItem[]
  /** Those that were trimmed: nothing is left of them. */
  readonly trimmed: readonly ListedItem[]
  readonly refusals: readonly Refusal[]
}

/** Sorts out which of the listed items are there. Nothing in the files tells items apart: what would have two of them share bytes, or reach beyond a file, is refused. */
export async function checkList(listed: readonly ListedItem[], files: AiodiskdbFiles): Promise<CheckedList> {
  const items: ListedItem[] = []
  const trimmed: ListedItem[] = []
  const refusals: Refusal[] = []
  for (const item of listed) {
    const { location, line } = item
    const file = item.isTrimmed ? undefined : await files.file(location.index)
    if (file === undefined) trimmed.push(item)
    else if (typeof file === 'string') refusals.push({ line, why: file })
    else if (location.position + location.size <= file.trimOffset) trimmed.push(item)
    else if (location.position < file.trimOffset)
      refusals.push({ line, why: `${file.name} was trimmed up to ${file.trimOffset}, which is inside the item` })
    else if (location.position + location.size > file.end)
      refusals.push({ line, why: `the item would end at ${location.position + location.size}, but ${file.name} ends at ${file.end}` })
    else items.push(item)
  }
  return { items, trimmed, refusals: [...refusals, ...overlaps(items)].sort((a, b) => a.line - b.line) }
}

function overlaps(items: readonly ListedItem[]): Refusal[] {
  const refusals: Refusal[] = []
  let before: ListedItem | undefined
  for (const item of [...items].sort((a, b) => compareLocations(a.location, b.location) || a.line - b.line)) {
    const { index, position } = item.location
    if (before && before.location.index === index && before.location.position + before.location.size > position)
      refusals.push({ line: item.line, why: `the item shares bytes with that of line ${before.line}` })
    else before = item
  }
  return refusals
}
