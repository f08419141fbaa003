import { type Command, Option } from 'commander'
import type { CommonOptions } from '../commands/common-options.js'
import type { Format, PrinterOptions } from './item-printer.js'

export interface FormatOptions extends CommonOptions {
  readonly format: Format
  readonly lines?: true
  readonly nul?: true
}

/** Adds the options that say how items are printed. The first format is the default. */
export function addFormatOptions(command: Command, formats: readonly [Format, ...Format[]]): Command {
  return command
    .addOption(
      new Option('--format <FORMAT>', formats.map((format) => `${format}: ${DESCRIPTIONS[format]}`).join('; '))
        .choices(formats)
        .default(formats[0]),
    )
    .addOption(new Option('--lines', 'raw, and a line feed behind each').conflicts('nul'))
    .option('--nul', 'raw, and a NUL byte behind each')
}

const DESCRIPTIONS: Record<Format, string> = {
  raw: 'the bytes alone',
  jsonl: 'a JSON object a line, the bytes in base64, as with --json',
  hex: 'a line with location and bytes',
  tar: 'an archive of a file each',
  list: 'a line without the bytes, as varve list',
}

export function printerOptions({ format, lines, nul, json }: FormatOptions): PrinterOptions {
  if (json) return { format: 'jsonl' }
  if (lines) return { format: 'raw', terminator: Uint8Array.of(10) }
  if (nul) return { format: 'raw', terminator: Uint8Array.of(0) }
  return { format }
}
