import { Varve } from '@varve/core'
import { Command } from 'commander'
import type { Context } from '../context.js'
import { requireStore, sizeOfFiles } from '../store/find-store.js'
import { mustAgree } from '../terminal/confirm.js'
import { countOf, formatBytes } from '../terminal/quantities.js'
import { addCommonOptions, addYesOption, type CommonOptions } from './common-options.js'

interface Options extends CommonOptions {
  readonly yes?: true
}

export function destroyCommand(context: Context): Command {
  const command = new Command('destroy')
    .summary('remove a store with all its items')
    .description('Removes a store with all its items, what repairs have kept of it, and its directory if nothing else is in it.')
    .argument('<STORE>', 'the store: a directory or a URL')
  return addCommonOptions(addYesOption(command), 'destroy blocks').action(async (path: string, { yes, json }: Options) => {
    const found = await requireStore(path)
    const { files, options, backend } = found
    const bytes = await sizeOfFiles(found)
    const what = `${countOf(files.length, 'data file')} with ${formatBytes(bytes)}`
    if (!yes) await mustAgree(`remove the store in ${path}, ${what}`, context)
    await new Varve(backend, { ...options, overwrite: true }).destroy()
    if (json) context.out.write(`${JSON.stringify({ files: files.length, bytes })}\n`)
    else context.out.write(`removed ${what}\n`)
  })
}
