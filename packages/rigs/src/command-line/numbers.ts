import { InvalidArgumentError } from 'commander'

const LARGEST = 999_999_999

/** Parses an option that is a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > LARGEST)
      throw new InvalidArgumentError(`It must be a whole number from ${least.toLocaleString('en')} to ${LARGEST.toLocaleString('en')}.`)
    return value
  }
}

/** Parses an option that is a number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.')
  return value
}
