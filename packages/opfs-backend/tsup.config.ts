import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/worker.ts'],
  format: ['esm'],
  target: 'es2022',
  platform: 'neutral',
  // tsc writes the declarations: tsup's own step for them fails on TypeScript 6.
  dts: false,
  sourcemap: true,
  clean: true,
})
