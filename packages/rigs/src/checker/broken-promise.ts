/** Something of what a store promised is not so. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}
