import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { alias } from './vitest.shared.js'

/** The rigs first: one that takes a minute must not begin when all else is done, with the other cores idle. */
class RigsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isRig = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/packages/rigs/test/')
    return [...sorted.filter(isRig), ...sorted.filter((file) => !isRig(file))]
  }
}

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/*.test.ts'],
    // The programs that tests of the examples start run on what the tests run on: the sources, or what is published.
    env: {
      TSX_TSCONFIG_PATH: fileURLToPath(new URL(process.env.TEST_DIST ? './examples/tsconfig.json' : './tsconfig.json', import.meta.url)),
    },
    sequence: { sequencer: RigsFirst },
    // The runner leaves one core to itself otherwise, which is half of a small machine.
    maxWorkers: '100%',
    // A busy machine is no failure; a test that hangs is.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    coverage: {
      provider: 'v8',
      include: ['packages/{core,backend,fs-backend,memory-backend}/src/**/*.ts'],
      exclude: ['**/*.d.ts'],
      reporter: ['text', 'json'],
    },
  },
})
