import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/crash/crash.ts', 'src/crash/worker.ts'],
  format: ['esm'],
  target: 'es2022',
  platform: 'node',
  dts: false,
  sourcemap: true,
  clean: true,
})
