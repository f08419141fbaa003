import { fileURLToPath } from 'node:url'

// From here as from what is built of it.

/** The root of this workspace. */
export const workspace = fileURLToPath(new URL('../../../', import.meta.url))

/** Where the peers are installed, with a lockfile of their own, so that who does not measure beside them need not have them. */
export const peersFolder = fileURLToPath(new URL('../peers/', import.meta.url))
