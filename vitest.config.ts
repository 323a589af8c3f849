import { defineConfig } from 'vitest/config'

const report = process.env.TENDON_TEST_REPORT

// `tendon-source` makes `import ... from 'tendon'` mean the sources of this checkout, as in tsconfig.json.
export default defineConfig({
  resolve: { conditions: ['tendon-source'] },
  ssr: { resolve: { conditions: ['tendon-source'] } },
  test: {
    include: ['test/**/*.test.ts', 'robots/**/*.test.ts'],
    exclude: [
      'test/realtime/**',
      'test/soak/**',
      'test/system/**',
      'test/fuzz/**',
      'test/packaging/**',
      'test/docs/run/**',
      '**/node_modules/**',
    ],
    passWithNoTests: false,
    // CI also wants the counts as data, to see that nothing was left out.
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    retry: 0,
    maxWorkers: 2,
    // Concurrent tests start programs with servos and host in one process: more at a time than cores only starves them.
    maxConcurrency: 2,
  },
})
