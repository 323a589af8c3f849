import { defineConfig } from 'vitest/config'

const report = process.env.TENDON_TEST_REPORT

// What needs programs of the system: mosquitto, systemd-analyze, sshd. `.ci/run` installs them; a missing one is a failure.
export default defineConfig({
  resolve: { conditions: ['tendon-source'] },
  ssr: { resolve: { conditions: ['tendon-source'] } },
  test: {
    include: ['test/system/**/*.test.ts'],
    passWithNoTests: false,
    // CI also wants the counts as data, to see that nothing was left out.
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    retry: 0,
    maxWorkers: 2,
    testTimeout: 60_000,
  },
})
