const typeOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get as (
  this: unknown,
) => unknown

/** Whether it is a `Uint8Array`, of this realm or another: test runners have several. A `Buffer` is one. */
export function isBytes(value: unknown): value is Uint8Array {
  return typeOf.call(value) === 'Uint8Array'
}

/** A `TypeError` for anything but a `Uint8Array`. */
export function checkBytes(value: unknown, what: string): asserts value is Uint8Array {
  if (!isBytes(value)) throw new TypeError(`${what} is a Uint8Array (a Buffer is one), not ${nameOf(value)}`)
}

/** What a caller gets that does not leave its bytes alone. */
export function changedMeanwhile(): TypeError {
  return new TypeError('the item was changed before it was stored; leave it alone until add resolves')
}

function nameOf(value: unknown): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value
  return value.constructor?.name ?? 'object'
}
