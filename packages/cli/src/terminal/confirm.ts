import { confirm, isCancel } from '@clack/prompts'
import type { Context } from '../context.js'
import { CommandError, ExitCode } from '../exit-code.js'

/** Has a person agree to what can't be undone. Throws where there is no terminal to ask on, or the answer is no. */
export async function mustAgree(question: string, context: Context): Promise<void> {
  const { in: input, err, signal } = context
  if (!input.isTTY || !err.isTTY)
    throw new CommandError(ExitCode.usage, `there is no terminal to ask on whether to ${question}; give --yes`)
  const answer = await confirm({
    message: `${capitalized(question)}?`,
    initialValue: false,
    input,
    output: err as NodeJS.WriteStream,
    signal,
  })
  signal.throwIfAborted()
  if (isCancel(answer) || !answer) throw new CommandError(ExitCode.failed, 'nothing was removed')
}

function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
