import type { Evidence } from './matrix.js'

/** The part of a title before what `test.each` fills in: that is what a source and a report have in common. */
export function fixedPart(title: string): string {
  const [fixed = ''] = title.split(/%[sidoj#]|\$\w/)
  return fixed
}

/** Whether a test source has a title with the words in it. Reads no more than its string literals. */
export function hasTitle(source: string, { title }: Evidence): boolean {
  for (const [literal] of source.matchAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)) {
    if (literal.slice(1, -1).includes(title)) return true
  }
  return false
}
