import type { ProgramCall } from '../machine.ts'
import type { DoctorEnv } from './env.ts'

/** What a check has found. */
export type Finding =
  | { readonly status: 'ok' | 'not_applicable'; readonly what: string }
  | {
      /** `failure`: the robot will not run, or not safely, until it is mended. `warning`: it may run worse. */
      readonly status: 'failure' | 'warning'
      readonly what: string
      readonly why: string
      /** One thing to run or to do. */
      readonly fix: string
      /** What `--fix` runs, when somebody has agreed: it moves nothing, restarts nothing, and can be undone. */
      readonly repair?: ProgramCall | undefined
    }

/** One thing that must be right on the computer of a robot. It looks, and changes nothing. */
export interface Check {
  readonly name: string
  readonly title: string
  run(env: DoctorEnv): Finding | Promise<Finding>
}

export const ok = (what: string): Finding => ({ status: 'ok', what })
export const notApplicable = (what: string): Finding => ({ status: 'not_applicable', what })

interface Trouble {
  readonly what: string
  readonly why: string
  readonly fix: string
}

export const failure = (trouble: Trouble): Finding => ({ status: 'failure', ...trouble })
export const warning = (trouble: Trouble): Finding => ({ status: 'warning', ...trouble })
