/** What one kind of real fault came to. */
export type Outcome =
  | { readonly kind: 'kept'; readonly counts: Counts }
  /** It can't be tried here, and why. */
  | { readonly kind: 'skipped'; readonly why: string }
  | { readonly kind: 'violation'; readonly how: string }

interface Counts {
  readonly [what: string]: number
}

export interface SectionOptions {
  /** The bundled program that processes run. */
  readonly program: string
  /** An empty directory of its own. */
  readonly directory: string
  readonly seed: number
  /** How much of everything is tried: 1 for what is usual. */
  readonly scale: number
  readonly onProgress: (words: string) => void
}

/** A kind of real fault: under a name, with what it needs. */
export interface Section {
  readonly name: string
  readonly title: string
  /** Why it can't be tried here, undefined where it can. May try the tools it needs in an empty directory. */
  whatIsMissing(directory: string): string | undefined
  run(options: SectionOptions): Promise<Counts>
}
