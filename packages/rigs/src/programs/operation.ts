/** Something that a program does to a store. Sizes are bytes of items. What a store in its present state can't do, such as a trim where nothing is stored, is left out. */
export type Operation =
  /** Adds items, one after the other without waiting in between, and waits for all. */
  | { readonly do: 'add'; readonly sizes: readonly number[]; readonly durable?: boolean }
  | { readonly do: 'transaction'; readonly sizes: readonly number[] }
  | { readonly do: 'flush' }
  /** Adds items until they go to the next file. */
  | { readonly do: 'rotate' }
  | RemovalOperation
  /** The program's cursor is moved behind the last durable item, or one so many before it. */
  | { readonly do: 'commit'; readonly back: number }
  /** Reads all that is durable: what was shown must not be lost afterwards. */
  | { readonly do: 'scan' }
  /** The flush interval passes. */
  | { readonly do: 'wait' }
  | { readonly do: 'stop' }
  | { readonly do: 'start' }
  /** The power goes, and the store is opened again on one of the states that this could leave. */
  | { readonly do: 'crash'; readonly seed: number }
  /** The process is killed at the `at`-th moment of the operation at which something changes on its medium, at the latest when it is over; another one opens the store on the same cache. */
  | { readonly do: 'kill'; readonly at: number; readonly operation: Operation }
  /** During the operation a sync fails. Then the store is stopped, as far as it can be, and opened anew. */
  | { readonly do: 'failSync'; readonly of: 'file' | 'directory'; readonly operation: Operation }
  /** Begins all of them, one after the other without waiting in between, and waits for all. */
  | { readonly do: 'together'; readonly operations: readonly Operation[] }

/**
 * `file` counts the files that hold items, from 0, or back from the last with -1. Of that file's items `ltrim` removes the first `item` + 1,
 * and `rtrim` all but the first `item`; counted round where there are fewer, -1 for the most.
 */
export type RemovalOperation =
  | { readonly do: 'ltrim' | 'rtrim'; readonly file: number; readonly item: number }
  | { readonly do: 'drop'; readonly file: number }

/** One line for people. */
export function describeOperation(operation: Operation): string {
  switch (operation.do) {
    case 'add':
      return `${operation.durable ? 'durable add' : 'add'} ${operation.sizes.join(', ')}`
    case 'transaction':
      return `transaction ${operation.sizes.join(', ')}`
    case 'ltrim':
    case 'rtrim':
      return `${operation.do} file ${operation.file} item ${operation.item}`
    case 'drop':
      return `drop file ${operation.file}`
    case 'commit':
      return operation.back > 0 ? `commit the cursor ${operation.back} before the end` : 'commit the cursor'
    case 'crash':
      return `crash ${operation.seed}`
    case 'kill':
      return `kill at ${operation.at} of (${describeOperation(operation.operation)})`
    case 'failSync':
      return `a sync of a ${operation.of} fails in (${describeOperation(operation.operation)})`
    case 'together':
      return `together (${operation.operations.map(describeOperation).join('; ')})`
    default:
      return operation.do
  }
}
