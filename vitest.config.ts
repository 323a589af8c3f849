import { defineConfig } from 'vitest/config'

// `tendon-source` makes `import ... from 'tendon'` mean the sources of this checkout, as in tsconfig.json.
export default defineConfig({
  resolve: { conditions: ['tendon-source'] },
  ssr: { resolve: { conditions: ['tendon-source'] } },
  test: {
    include: ['test/**/*.test.ts', 'robots/**/*.test.ts'],
    exclude: ['test/realtime/**', '**/node_modules/**'],
    passWithNoTests: false,
    retry: 0,
    maxWorkers: 2,
  },
})
