import { defineConfig } from 'vitest/config'

const report = process.env.TENDON_TEST_REPORT

// Everything that finds frames in bytes, with 100 MB of rubbish each: nothing throws, nothing stalls, good frames are found.
export default defineConfig({
  resolve: { conditions: ['tendon-source'] },
  ssr: { resolve: { conditions: ['tendon-source'] } },
  test: {
    include: ['test/fuzz/**/*.test.ts'],
    passWithNoTests: false,
    // CI also wants the counts as data, to see that nothing was left out.
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    retry: 0,
    maxWorkers: 2,
    testTimeout: 1_800_000,
  },
})
