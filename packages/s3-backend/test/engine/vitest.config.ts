import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { alias } from '../../../../vitest.shared.js'

const onS3 = fileURLToPath(new URL('./memory-on-s3.ts', import.meta.url))
const makeBucket = fileURLToPath(new URL('./make-bucket.ts', import.meta.url))

const suites = [
  'add-many',
  'durable-adds',
  'places',
  'recovery-groups',
  'rotation',
  'scan-buffered',
  'transaction-across-files',
  'transaction-misuse',
  'when-durable',
]

export default defineConfig({
  root: fileURLToPath(new URL('../../../..', import.meta.url)),
  resolve: { alias: [{ find: /^@varve\/memory-backend$/, replacement: onS3 }, ...alias] },
  test: {
    // Those that look at nothing below the backend, and at nothing of their clock's while a call is still under way.
    include: suites.map((suite) => `packages/core/test/${suite}.test.ts`),
    testNamePattern: /^(?!.*left to the operating system)/,
    globalSetup: makeBucket,
    // Some take thousands of puts, which a busy machine answers slowly.
    testTimeout: 900_000,
    hookTimeout: 120_000,
  },
})
