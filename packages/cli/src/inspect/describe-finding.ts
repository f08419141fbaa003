import type { BlockHeader, FileHeader } from '@varve/core/format'
import { countOf } from '../terminal/quantities.js'
import type { Finding } from './inspect-file.js'

export const INSPECT_HEADER = columns('offset', 'position', 'what')

/** A line about it, in columns. */
export function findingLine(finding: Finding, index: number): string {
  return columns(String(finding.offset), 'position' in finding ? String(finding.position) : '', describe(finding, index))
}

/** The same for machines: bytes in hexadecimal. */
export function findingValue(finding: Finding, index: number): object {
  switch (finding.kind) {
    case 'file-header':
      return { kind: finding.kind, offset: 0, ...headerValue(finding.header) }
    case 'block': {
      const { header, ...place } = finding
      return { ...place, ...header, losses: header.losses === true }
    }
    case 'record': {
      const { kind, offset, position, size, ...rest } = finding
      return { kind, offset, location: `${index}:${position}:${size}`, ...rest }
    }
    default:
      return finding
  }
}

/** A file header for machines. */
function headerValue({ genesis, storeId, lost, ended, ...rest }: FileHeader): object {
  return { storeId: hex(storeId), genesis: hex(genesis), ...rest, lost: lost === true, ended: ended === true }
}

function describe(finding: Finding, index: number): string {
  switch (finding.kind) {
    case 'file-header':
      return `file header: ${describeHeader(finding.header)}`
    case 'damaged-file-header':
      return `damaged file header: ${finding.fault}`
    case 'block':
      return describeBlock(finding.header, finding.group)
    case 'record': {
      const { position, size, sequence, state } = finding
      return `record ${index}:${position}:${size}: item ${sequence}, ${state}`
    }
    case 'zeros':
      return `${countOf(finding.length, 'zero byte')}`
    case 'unknown':
      return `${countOf(finding.length, 'byte')} that are no block or record`
  }
}

function describeHeader({ genesis, storeId, index, trimOffset, sequence, groupStart, dropped, lost, ended }: FileHeader): string {
  const parts = [`file ${index} of store ${hex(storeId)}`, `genesis ${hex(genesis)}`, `from item ${sequence} on`]
  if (trimOffset > 0) parts.push(`trimmed before ${trimOffset}`)
  if (groupStart.index !== index) parts.push(`in a group since ${groupStart.index}:${groupStart.position}`)
  if (dropped) parts.push('stub of a dropped file')
  if (lost) parts.push('lost in a repair')
  if (ended) parts.push('its end was trimmed away')
  return parts.join(', ')
}

function describeBlock(
  { close, continues, losses, count, sequence, length, timestamp, durablePosition }: BlockHeader,
  group: number,
): string {
  const held = close
    ? `closing block: the next item is ${sequence}`
    : `block: ${countOf(count, 'item')} from ${sequence} on, ${countOf(length, 'byte')}`
  const parts = [
    held,
    `group ${group}${continues ? ', which goes on' : ''}`,
    `sealed ${new Date(timestamp).toISOString()}`,
    `durable before ${durablePosition}`,
  ]
  if (losses) parts.push('with losses')
  return parts.join(', ')
}

function columns(offset: string, position: string, what: string): string {
  return `${offset.padStart(10)}  ${position.padStart(10)}  ${what}`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
