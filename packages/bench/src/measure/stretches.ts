/** How long what can go on for any time is done at scale 1: first without being measured, until code is compiled and a cache has what it will have, then for the figures. */
export const WARM_MS = 500
export const MEASURED_MS = 1000
