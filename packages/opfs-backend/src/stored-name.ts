/**
 * What a file is called in the origin-private file system: its name and a generation, `data00000.dat~hq3v0c2k1p`. No two files ever have the same one.
 *
 * So a reader in another tab, who can only look a file up by what it is called, never gets the bytes of another file that took its name. And a file takes the
 * place of another by getting the higher generation, in one step, whatever the browser makes of a name that is taken.
 */
export interface StoredName {
  readonly name: string
  readonly generation: number
}

/** The entry of the directory; the inverse of {@link parseEntry}. */
export function entryOf({ name, generation }: StoredName): string {
  return `${name}~${generation.toString(36)}`
}

/** What an entry of the directory is, or undefined where it is none of ours. */
export function parseEntry(entry: string): StoredName | undefined {
  const [, name, digits] = /^([A-Za-z0-9._-]{1,255})~([0-9a-z]{1,11})$/.exec(entry) ?? []
  return name === undefined || digits === undefined ? undefined : { name, generation: Number.parseInt(digits, 36) }
}

/** A generation above `previous` that nothing of that name ever had: the time in microseconds, of which the browser's clock leaves some to chance. */
export function nextGeneration(previous = 0): number {
  return Math.max(Date.now() * 1000 + Math.floor(Math.random() * 1000), previous + 1)
}
