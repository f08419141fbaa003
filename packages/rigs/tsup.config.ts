import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    crash: 'src/crash/command.ts',
    'crash-worker': 'src/crash/worker.ts',
    'crash-sequences-worker': 'src/crash/sequences-worker.ts',
    model: 'src/model/command.ts',
    'model-worker': 'src/model/worker.ts',
    mutants: 'src/mutants/command.ts',
    reliability: 'src/reliability/command.ts',
    kill: 'src/processes/command.ts',
    'faults-linux': 'src/linux/command.ts',
    'kill-replication': 'src/replication/command.ts',
    'replication-program': 'src/replication/program.ts',
    'process-program': 'src/processes/program.ts',
  },
  format: ['esm'],
  target: 'es2022',
  platform: 'node',
  dts: false,
  sourcemap: true,
  clean: true,
})
