let calls = 0

/** Counts a call of a backend for as long as it takes. */
export async function underWay<T>(call: Promise<T>): Promise<T> {
  calls++
  try {
    return await call
  } finally {
    calls--
  }
}

/** How many calls are not answered yet. */
export function callsUnderWay(): number {
  return calls
}
