import type { Workload } from './workload.js'
import { durableWriterWorkloads } from './workloads/durable-writers.js'
import { followWorkloads } from './workloads/follow.js'
import { growthWorkloads } from './workloads/growth.js'
import { ingestWorkloads } from './workloads/ingest.js'
import { mixedWorkloads } from './workloads/mixed.js'
import { openWorkloads } from './workloads/open.js'
import { randomReadWorkloads } from './workloads/random-reads.js'
import { scanWorkloads } from './workloads/scan.js'
import { transactionWorkloads } from './workloads/transactions.js'

/** All of them, in the order of the table. */
export const workloads: readonly Workload[] = [
  ...ingestWorkloads,
  ...durableWriterWorkloads,
  ...transactionWorkloads,
  ...randomReadWorkloads,
  ...scanWorkloads,
  ...mixedWorkloads,
  ...followWorkloads,
  ...openWorkloads,
  ...growthWorkloads,
]
