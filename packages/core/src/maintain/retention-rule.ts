/** Somebody whom a store's retention may have to wait for. */
export interface Holder {
  readonly kind: 'replica'
  /** Files before this index are not needed any more. */
  readonly neededFrom: number
}
