import bytes from 'bytes-iec'
import { InvalidArgumentError } from 'commander'
import { workloads } from '../workloads.js'

export function addWorkload(part: string, before: string[] = []): string[] {
  if (!workloads.some(({ name }) => name.includes(part))) {
    throw new InvalidArgumentError(`The names are ${workloads.map(({ name }) => name).join(', ')}.`)
  }
  return [...before, part]
}

export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It is a whole number of at least 1.')
  return value
}

export function positiveNumber(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It is a number above 0.')
  return value
}

export function byteCount(text: string): number {
  const value = bytes.parse(text)
  if (value === null || value < 1) throw new InvalidArgumentError('It is a size, such as 10GiB.')
  return value
}

export function share(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value < 1)) throw new InvalidArgumentError('It is a number from 0 to less than 1.')
  return value
}
