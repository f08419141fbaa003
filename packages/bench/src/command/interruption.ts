/** Is aborted when the user ends the program: what is under way comes to its end, so that nothing is left behind. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(new Error(`interrupted by ${signal}`)))
  return controller.signal
}
