/** Where the engine tells what it does: `console`, pino and winston fit. Messages are for people and may change. */
export interface Logger {
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** Logs a line. A logger that throws stops nothing: there is nobody left to tell. */
export function log(logger: Logger, level: keyof Logger, message: string): void {
  try {
    logger[level](message)
  } catch {}
}
