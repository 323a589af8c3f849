import type { CancelReason } from '../base/outcome.ts'
import type { Problem } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import type { JointVerdict } from '../motion/contract.ts'

/** The safety states: what the hardware is allowed to do. */
export type SafetyState = 'disarmed' | 'arming' | 'armed' | 'disarming' | 'fault'

/**
 * Everything worth a line in the log: each refusal, start, transition, end, safety act and loss. What a run's own
 * events have in common is `run`, its id.
 */
export type EventBody =
  | {
      readonly type: 'refused'
      readonly run: string
      readonly command: string
      readonly goal: unknown
      readonly problem: Problem
    }
  | { readonly type: 'queued'; readonly run: string; readonly command: string; readonly category: string }
  | {
      readonly type: 'started'
      readonly run: string
      readonly command: string
      readonly goal: unknown
      readonly parent: string | undefined
    }
  | { readonly type: 'interrupted'; readonly run: string; readonly reason: CancelReason }
  | { readonly type: 'cut_off'; readonly run: string }
  | {
      readonly type: 'ended'
      readonly run: string
      readonly command: string
      readonly status: 'succeeded' | 'failed' | 'canceled' | 'refused'
      /** Why, for a canceled run. */
      readonly reason: CancelReason | undefined
      readonly problem: Problem | undefined
      /** The operational state that this end brings, if it brings one. */
      readonly transition: string | undefined
      readonly stopConfirmed: boolean
    }
  | { readonly type: 'transition'; readonly from: string; readonly to: string; readonly by: string }
  | {
      readonly type: 'safety'
      readonly from: SafetyState
      readonly to: SafetyState
      readonly by: string
      readonly reason: string
    }
  | { readonly type: 'latched'; readonly by: string; readonly reason: string }
  | { readonly type: 'reset'; readonly by: string }
  | { readonly type: 'arm_refused'; readonly problems: readonly Problem[] }
  | { readonly type: 'verdict'; readonly confirmed: boolean; readonly joints: readonly JointVerdict[] }
  | { readonly type: 'fault'; readonly problem: Problem }
  | { readonly type: 'late_call'; readonly run: string; readonly call: string }
  | { readonly type: 'late_end'; readonly run: string }
  | { readonly type: 'dropped'; readonly what: string; readonly run: string | undefined; readonly count: number }
  | {
      readonly type: 'user_code_threw'
      readonly where: string
      readonly run: string | undefined
      readonly message: string
    }
  | { readonly type: 'note'; readonly what: string; readonly facts: Readonly<Record<string, unknown>> }

/** An event with its place in the order and on the robot's clock. */
export type RobotEvent = EventBody & {
  /** 1 for the first event of a robot, then consecutive. */
  readonly seq: number
  /** Monotonic seconds. */
  readonly at: Seconds
}
