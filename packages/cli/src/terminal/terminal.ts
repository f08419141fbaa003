/** Where a command writes: results to `out`, everything else to `err`. Either may be a terminal, a pipe or a file. */
export interface Terminal {
  readonly out: Output
  readonly err: Output
}

export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
