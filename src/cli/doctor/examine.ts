import type { Check, Finding } from './check.ts'
import type { DoctorEnv } from './env.ts'

/** A check with what it has found. */
export interface Examined {
  readonly check: Check
  readonly finding: Finding
}

/** Runs the checks, one after the other, and tells each as soon as it is known. A check that throws has failed. */
export async function examine(
  checks: readonly Check[],
  env: DoctorEnv,
  tell: (examined: Examined) => void,
): Promise<readonly Examined[]> {
  const all: Examined[] = []
  for (const check of checks) {
    const examined = { check, finding: await findingOf(check, env) }
    all.push(examined)
    tell(examined)
  }
  return all
}

async function findingOf(check: Check, env: DoctorEnv): Promise<Finding> {
  try {
    return await check.run(env)
  } catch (error) {
    return {
      status: 'failure',
      what: `The check itself failed: ${error instanceof Error ? error.message : String(error)}.`,
      why: 'Something on this machine is as nobody thought of; the other checks count all the same.',
      fix: 'Send what this prints to the people of Tendon: tendon doctor --json',
    }
  }
}
