import { availableParallelism, cpus, release, totalmem } from 'node:os'
import type { Machine } from '../result.js'

export function thisMachine(): Machine {
  return {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${process.platform} ${release()}`,
  }
}
