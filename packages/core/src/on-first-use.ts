/**
 * A part of the program that is loaded when it is first needed, and kept: from then on it is there at once. A load that failed is tried again by whoever comes next.
 */
export function onFirstUse<T>(load: () => Promise<T>): () => T | Promise<T> {
  let part: T | Promise<T> | undefined
  return () => {
    part ??= load().then(
      (loaded) => {
        part = loaded
        return loaded
      },
      (error: unknown) => {
        part = undefined
        throw error
      },
    )
    return part
  }
}
