import { defineConfig } from 'vitest/config'

const report = process.env.TENDON_TEST_REPORT

// Hours on the virtual clock. With the collector at hand, because memory is measured after a full collection.
export default defineConfig({
  resolve: { conditions: ['tendon-source'] },
  ssr: { resolve: { conditions: ['tendon-source'] } },
  test: {
    include: ['test/soak/**/*.test.ts'],
    passWithNoTests: false,
    pool: 'forks',
    execArgv: ['--expose-gc'],
    // CI also wants the counts as data, to see that nothing was left out.
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    retry: 0,
    maxWorkers: 1,
    testTimeout: 600_000,
  },
})
