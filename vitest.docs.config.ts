import { defineConfig } from 'vitest/config'

const report = process.env.TENDON_TEST_REPORT

// The pages, done as a reader does them: real programs on the real clock.
export default defineConfig({
  resolve: { conditions: ['tendon-source'] },
  ssr: { resolve: { conditions: ['tendon-source'] } },
  test: {
    include: ['test/docs/run/**/*.test.ts'],
    passWithNoTests: false,
    // CI also wants the counts as data, to see that nothing was left out.
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    retry: 0,
    maxWorkers: 1,
    testTimeout: 180_000,
  },
})
