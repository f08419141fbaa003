/** Tells how much a test has tried: `pnpm reliability` adds these lines up. */
export function printCount(name: string, value: number): void {
  // biome-ignore lint/suspicious/noConsole: the runner writes above what the console prints which test it is from.
  console.log(`COUNT ${name} ${value}`)
}
