import { defineConfig } from 'vitest/config'

const report = process.env.TENDON_TEST_REPORT

// Hard time bounds on the real clock. One file at a time: a busy neighbour would be measured too.
export default defineConfig({
  resolve: { conditions: ['tendon-source'] },
  ssr: { resolve: { conditions: ['tendon-source'] } },
  test: {
    include: ['test/realtime/**/*.test.ts'],
    passWithNoTests: false,
    // CI also wants the counts as data, to see that nothing was left out.
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    retry: 0,
    maxWorkers: 1,
    testTimeout: 60_000,
  },
})
