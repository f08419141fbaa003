import type { Dataset } from '../workload.js'

// Those that several workloads read are laid down once for all.
export const small: Dataset = { size: 100, count: 600_000 }
export const medium: Dataset = { size: 1024, count: 200_000 }
export const tall: Dataset = { size: 16 * 1024, count: 12_000 }
