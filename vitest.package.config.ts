import { defineConfig } from 'vitest/config'

const report = process.env.TENDON_TEST_REPORT

// The built package, as somebody gets it who installs it: packed, installed into empty projects, compiled against, run.
export default defineConfig({
  test: {
    include: ['test/packaging/**/*.test.ts'],
    passWithNoTests: false,
    reporters: report ? ['verbose', ['json', { outputFile: report }]] : ['verbose'],
    retry: 0,
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
})
