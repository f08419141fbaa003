/** Somebody whom a store's retention may have to wait for: a copy that is kept up to date. */
export interface Holder {
  /** Files before this index are not needed any more. */
  readonly neededFrom: number
}
