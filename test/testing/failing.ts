import type { ConformanceCheck } from '../../src/testing/index.ts'

/** The names of the checks that do not hold. */
export async function failing(checks: readonly ConformanceCheck[]): Promise<string[]> {
  const names: string[] = []
  for (const { name, run } of checks) {
    const held = await run().then(
      () => true,
      () => false,
    )
    if (!held) names.push(name)
  }
  return names
}
