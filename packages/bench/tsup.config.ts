import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/bench.ts', 'src/child.ts', 'src/guard.ts', 'src/report.ts'],
  format: ['esm'],
  target: 'es2022',
  platform: 'node',
  dts: false,
  sourcemap: true,
  clean: true,
})
