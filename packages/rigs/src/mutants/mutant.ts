/** A change to one source file. */
interface Edit {
  /** From the root of the repository. */
  readonly file: string
  /** What is replaced: it occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
}

/** A planted bug: a mistake that someone could make, as a patch. */
export interface Mutant extends Edit {
  readonly name: string
  /** What goes wrong with it. */
  readonly why: string
  /** Further places that have to change with it, where the sources are careful twice. */
  readonly also?: readonly Edit[]
  /** The test files that should catch it, as vitest's filters; tried in this order. */
  readonly rigs: readonly string[]
}

/** The files with the bug in them, by name. Throws where a place for it is not found, or found twice: then the patch says nothing any more. */
export function plant({ name, also = [], ...edit }: Mutant, sourceOf: (file: string) => string): Map<string, string> {
  const patched = new Map<string, string>()
  for (const { file, find, replace } of [edit, ...also]) {
    const parts = (patched.get(file) ?? sourceOf(file)).split(find)
    if (parts.length !== 2)
      throw new Error(`the planted bug '${name}': its place occurs ${parts.length - 1} times in ${file}, expected once`)
    patched.set(file, parts.join(replace))
  }
  return patched
}
