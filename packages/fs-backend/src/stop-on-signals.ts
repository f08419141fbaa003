/** What can be stopped: a store, for one. */
export interface Stoppable {
  stop(): Promise<unknown>
}

export interface StopOnSignalsOptions {
  /** `SIGINT` and `SIGTERM` by default. */
  // Not by Node's name for them: users need not have its types.
  readonly signals?: readonly `SIG${string}`[]
  /** Told when a store could not be stopped. By default that is written to stderr. */
  readonly onError?: (error: unknown) => void
}

/**
 * Stops stores when the process is told to end: at the first of the signals each `stop` is called, and when all of them are done,
 * or have failed, the signal takes its course: the process ends, and whoever waits for it sees that signal. A second
 * signal ends it at once, as if nobody listened. Where the program has listeners of its own for a signal, it is theirs to end the process.
 *
 * Any number of calls share one listener a signal. Gives back the function that takes the stores of this call off again.
 *
 * It listens to signals and to nothing else: `process.exit()`, SIGKILL, an abort or a power loss stop no store.
 */
export function stopOnSignals(stores: Stoppable | readonly Stoppable[], options: StopOnSignalsOptions = {}): () => void {
  const { signals = ['SIGINT', 'SIGTERM'], onError = reportOnStderr } = options
  const watch: Watch = { stores: isList(stores) ? [...stores] : [stores], signals: signals as readonly NodeJS.Signals[], onError }
  watches.add(watch)
  updateListeners()
  return () => {
    watches.delete(watch)
    updateListeners()
  }
}

interface Watch {
  readonly stores: readonly Stoppable[]
  readonly signals: readonly NodeJS.Signals[]
  readonly onError: (error: unknown) => void
}

// One for the process: with a listener each, the first store to be done would end the process under the others.
const watches = new Set<Watch>()
const listening = new Set<NodeJS.Signals>()
let stopping = false

function updateListeners(): void {
  const wanted = new Set([...watches].flatMap(({ signals }) => signals))
  for (const signal of listening) {
    if (wanted.has(signal)) continue
    listening.delete(signal)
    process.off(signal, onSignal)
  }
  for (const signal of wanted) {
    if (listening.has(signal)) continue
    listening.add(signal)
    // First, so that a listener of the program's own that listens once is still there to be counted.
    process.prependListener(signal, onSignal)
  }
}

function onSignal(signal: NodeJS.Signals): void {
  const ours = process.listenerCount(signal) === 1
  if (stopping) {
    endWatch(signal, ours)
    return
  }
  stopping = true
  const concerned = [...watches].filter(({ signals }) => signals.includes(signal))
  void Promise.all(concerned.flatMap(({ stores, onError }) => stores.map((store) => stop(store, onError)))).then(() => {
    stopping = false
    endWatch(signal, ours)
  })
}

async function stop(store: Stoppable, onError: (error: unknown) => void): Promise<void> {
  try {
    await store.stop()
  } catch (error) {
    onError(error)
  }
}

function endWatch(signal: NodeJS.Signals, raise: boolean): void {
  for (const each of listening) process.off(each, onSignal)
  listening.clear()
  watches.clear()
  if (raise) process.kill(process.pid, signal)
}

function reportOnStderr(error: unknown): void {
  process.stderr.write(`A store could not be stopped: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
}

function isList(stores: Stoppable | readonly Stoppable[]): stores is readonly Stoppable[] {
  return Array.isArray(stores)
}
