import type { FileWindow } from './file-window.js'

/** A piece of the file that is needed next. The answer is whether the file has it. */
interface Load {
  readonly position: number
  readonly least: number
}

/** Work on a file that says what it needs of it, so that it can be done at once or asynchronously. */
export type Loading<T> = Generator<Load, T, boolean>

export async function run<T>(window: FileWindow, work: Loading<T>): Promise<T> {
  let step = work.next()
  while (!step.done) step = work.next(await window.load(step.value.position, step.value.least))
  return step.value
}

export function runSync<T>(window: FileWindow, work: Loading<T>): T {
  let step = work.next()
  while (!step.done) step = work.next(window.loadSync(step.value.position, step.value.least))
  return step.value
}
