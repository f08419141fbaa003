// Ten trillion: a name sorts as its number does.
const DIGITS = 13

/**
 * The names of objects, all in one place. Below a prefix:
 *
 * - `manifest/<sequence>`: what files there are and of which runs; the highest counts.
 * - `data/<file name>/<run>/<position>`: bytes of a file from that position on, under the name that the file had when the run began. An
 *   empty one is a fence: nobody can extend the run from there on.
 */
export class Keys {
  readonly prefix: string

  constructor(prefix: string) {
    this.prefix = prefix
  }

  get manifests(): string {
    return `${this.prefix}manifest/`
  }

  get data(): string {
    return `${this.prefix}data/`
  }

  manifest(sequence: number): string {
    return this.manifests + padded(sequence)
  }

  /** All that was ever laid down under a file name. */
  folder(name: string): string {
    return `${this.data}${name}/`
  }

  run(path: string): string {
    return `${this.data}${path}/`
  }

  part(path: string, position: number): string {
    return this.run(path) + padded(position)
  }

  /** The run and the position of a part's key; undefined for an object that is none. */
  partOf(key: string): { readonly path: string; readonly position: number } | undefined {
    const found = key.startsWith(this.data) ? /^([^/]+\/[^/]+)\/(\d{13})$/.exec(key.slice(this.data.length)) : undefined
    return found?.[1] && found[2] ? { path: found[1], position: Number(found[2]) } : undefined
  }
}

/** The number that a key ends in, undefined for an object that has none. */
export function numberOf(key: string): number | undefined {
  const digits = key.slice(key.lastIndexOf('/') + 1)
  return /^\d{13}$/.test(digits) ? Number(digits) : undefined
}

function padded(number: number): string {
  return String(number).padStart(DIGITS, '0')
}
