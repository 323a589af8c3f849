import { defineConfig } from 'vitest/config'

// Hard time bounds on the real clock. One file at a time: a busy neighbour would be measured too.
export default defineConfig({
  resolve: { conditions: ['tendon-source'] },
  ssr: { resolve: { conditions: ['tendon-source'] } },
  test: {
    include: ['test/realtime/**/*.test.ts'],
    passWithNoTests: false,
    retry: 0,
    maxWorkers: 1,
    testTimeout: 60_000,
  },
})
