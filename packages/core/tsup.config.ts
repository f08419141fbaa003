import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/index.ts', 'src/format/index.ts', 'src/platform/node.ts', 'src/platform/portable.ts'],
  format: ['esm'],
  target: 'es2022',
  platform: 'neutral',
  // Which platform it is, package.json decides where the package runs.
  external: ['#platform'],
  // tsc writes the .d.ts: tsup's own step fails on TypeScript 6.
  dts: false,
  sourcemap: true,
  clean: true,
})
