import bytes from 'bytes-iec'
import { InvalidArgumentError } from 'commander'
import ms, { type StringValue } from 'ms'

/** `16MiB`, `2GB`, `4096`: bytes. */
export function sizeArgument(text: string): number {
  const size = bytes.parse(text)
  if (size === null || !Number.isSafeInteger(size) || size < 0) throw new InvalidArgumentError('A size reads 4096, 16MiB or 2GB.')
  return size
}

/** `30s`, `5m`, `250ms`: milliseconds. */
export function durationArgument(text: string): number {
  const duration = durationOf(text)
  if (duration === undefined) throw new InvalidArgumentError('A time reads 250ms, 30s or 5m.')
  return duration
}

/** Milliseconds, or undefined where the text is no length of time with its unit. */
export function durationOf(text: string): number | undefined {
  if (!/^\d+(\.\d+)? ?[a-z]+$/i.test(text)) return undefined
  return ms(text as StringValue)
}

/** A whole number from 0 on. */
export function countArgument(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(count)) throw new InvalidArgumentError('It is a whole number.')
  return count
}

/** Pairs of hexadecimal digits. */
export function hexArgument(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})+$/i.test(text)) throw new InvalidArgumentError('Bytes are given in hexadecimal: 68656c6c6f.')
  return Buffer.from(text, 'hex')
}
