import { ShellCompDirective } from '@bomb.sh/tab'
import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'

/** Adds `completion`, which prints a shell's script, and the hidden `complete`, which that script calls. It has to know all the other commands. */
export function addCompletion(program: Command): void {
  const completing = tab(program, { completionCommandName: 'completion' })
  // It says of every word that no file can stand there. Where it knows no word itself, one does: a store, a file, a directory.
  Object.defineProperty(completing, 'directive', {
    configurable: true,
    get: () =>
      completing.completions.length > 0 ? ShellCompDirective.ShellCompDirectiveNoFileComp : ShellCompDirective.ShellCompDirectiveDefault,
    set: () => {},
  })
  program.commands
    .find((command) => command.name() === 'completion')
    ?.summary('print the script that has a shell complete what you type')
    .description('Prints the script that has a shell complete commands and options.')
    .addHelpText(
      'after',
      `
Examples:
  $ varve completion bash >> ~/.bashrc
  $ varve completion zsh > ~/.zsh/completions/_varve
  $ varve completion fish > ~/.config/fish/completions/varve.fish`,
    )
  for (const command of program.commands) {
    const known = completing.commands.get(command.name())
    if (known) known.description = command.summary()
  }
}
