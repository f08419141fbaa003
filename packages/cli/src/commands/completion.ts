import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'

/** Adds `completion`, which prints a shell's script, and the hidden `complete`, which that script calls. It needs to know all the other commands. */
export function addCompletion(program: Command): void {
  tab(program, { completionCommandName: 'completion' })
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
}
