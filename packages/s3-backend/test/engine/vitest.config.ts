import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { alias } from '../../../../vitest.shared.js'

const onS3 = fileURLToPath(new URL('./memory-on-s3.ts', import.meta.url))

export default defineConfig({
  root: fileURLToPath(new URL('../../../..', import.meta.url)),
  resolve: { alias: [{ find: /^@varve\/memory-backend$/, replacement: onS3 }, ...alias] },
  test: {
    include: ['packages/core/test/**/*.test.ts'],
    testTimeout: 120_000,
  },
})
