import { defineConfig } from 'vitest/config'
import { alias } from './vitest.shared.js'

export default defineConfig({
  resolve: { alias },
  test: {
    // The rigs take minutes: `npm run rigs` runs them.
    include: process.env.RIGS ? ['packages/rigs/test/**/*.test.ts'] : ['packages/!(rigs)/test/**/*.test.ts'],
    // The runner leaves one core to itself otherwise, which is half of a small machine.
    maxWorkers: '100%',
    // A busy machine is no failure; a test that hangs is.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    coverage: {
      provider: 'v8',
      include: ['packages/{core,backend,fs-backend,memory-backend}/src/**/*.ts'],
      exclude: ['**/*.d.ts'],
      reporter: ['text', 'json-summary'],
    },
  },
})
