import type { Workload } from './workload.js'
import { durableWriterWorkloads } from './workloads/durable-writers.js'
import { ingestWorkloads } from './workloads/ingest.js'
import { randomReadWorkloads } from './workloads/random-reads.js'
import { scanWorkloads } from './workloads/scan.js'

/** All of them, in the order of the table. */
export const workloads: readonly Workload[] = [...ingestWorkloads, ...durableWriterWorkloads, ...randomReadWorkloads, ...scanWorkloads]
