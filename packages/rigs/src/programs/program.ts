import type { VarveOptions } from '@varve/core'
import { describeOperation, type Operation } from './operation.js'

/** Operations on a store, as data: the same every time it runs. */
export interface Program {
  readonly operations: readonly Operation[]
  readonly settings: StoreSettings
  /** Zeros that files may end in after a power cut, as where a medium takes space ahead. Default 0. */
  readonly preallocation?: number
  /** The store's id is made from it, so that no two programs make the same files by chance, and one program makes the same ones again. */
  readonly seed: number
}

/** The options of a store that matter to what it writes. */
export type StoreSettings = Pick<VarveOptions, 'maxFileSize' | 'maxBufferSize' | 'maxBufferItems' | 'durability' | 'retention'>

/** One line for people. */
export function describeProgram({ operations }: Program): string {
  return operations.map(describeOperation).join('; ')
}
