import type { Cause } from '../base/cause.ts'
import type { CancelReason } from '../base/outcome.ts'
import type { Problem } from '../base/problem.ts'
import type { Seconds } from '../base/units.ts'
import type { JointVerdict } from '../motion/contract.ts'
import type { SensorHealth } from '../stream/health.ts'

/** The safety states: what the hardware is allowed to do. */
export type SafetyState = 'disarmed' | 'arming' | 'armed' | 'disarming' | 'fault'

/**
 * Everything worth a line in the log: each refusal, start, transition, end, safety act and loss. What a run's own
 * events have in common is `run`, its id.
 */
export type EventBody =
  /** A command was not admitted. Nothing else changed. */
  | {
      readonly type: 'refused'
      readonly run: string
      readonly command: string
      readonly goal: unknown
      readonly problem: Problem
      /** Who asked for it and why, where the caller said so: a rule, a person at a console. */
      readonly cause: Cause | undefined
    }
  /** A command waits for a slot or a claim of its category. */
  | {
      readonly type: 'queued'
      readonly run: string
      readonly command: string
      readonly category: string
      readonly cause: Cause | undefined
    }
  /** The body of a run begins. */
  | {
      readonly type: 'started'
      readonly run: string
      readonly command: string
      readonly goal: unknown
      readonly parent: string | undefined
      readonly cause: Cause | undefined
    }
  /** A run was told to end; its cleanup has the grace period. */
  | { readonly type: 'interrupted'; readonly run: string; readonly reason: CancelReason }
  /** A body ignored the interrupt: its access was taken away. */
  | { readonly type: 'cut_off'; readonly run: string }
  /** A run ended. There is exactly one for every run that started or waited. */
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
  /** The operational state changed; `by` is a run, or what disarmed the robot. */
  | { readonly type: 'transition'; readonly from: string; readonly to: string; readonly by: string }
  /** The safety state changed. */
  | {
      readonly type: 'safety'
      readonly from: SafetyState
      readonly to: SafetyState
      readonly by: string
      readonly reason: string
    }
  /** `stop` was called: the robot cannot be armed until `reset`. */
  | { readonly type: 'latched'; readonly by: string; readonly reason: string }
  /** The latch of a stop was lifted. */
  | { readonly type: 'reset'; readonly by: string }
  /** Arming was refused, with everything that stood against it. */
  | { readonly type: 'arm_refused'; readonly problems: readonly Problem[] }
  /** What a disarm or a stop found, servo by servo. */
  | { readonly type: 'verdict'; readonly confirmed: boolean; readonly joints: readonly JointVerdict[] }
  /** Hardware failed while armed, or power was not confirmed off. */
  | { readonly type: 'fault'; readonly problem: Problem }
  /** A sensor's health changed. */
  | {
      readonly type: 'sensor'
      readonly sensor: string
      readonly from: SensorHealth
      readonly to: SensorHealth
      /** How its link was lost, where it was. */
      readonly problem: Problem | undefined
    }
  /** A rule fired, or would have but for its cooldown or its own live run. What it started follows, with it as cause. */
  | {
      readonly type: 'rule'
      readonly rule: string
      readonly sensor: string
      readonly what: 'fired' | 'suppressed'
      /** `room is 41.2, above 40 for 2 s` */
      readonly reason: string
      /** Sequence number of the reading that counted; undefined before the first. */
      readonly reading: number | undefined
      /** How often it was suppressed since it fired last; suppressions are logged at the 1st, 10th, 100th, ... */
      readonly suppressed: number
    }
  /** A run that was cut off or has ended tried to touch something; the call was refused. */
  | { readonly type: 'late_call'; readonly run: string; readonly call: string }
  /** The body of a run that was cut off has returned at last. */
  | { readonly type: 'late_end'; readonly run: string }
  /** Something was lost because its bound was reached; `count` is the sum so far. */
  | { readonly type: 'dropped'; readonly what: string; readonly run: string | undefined; readonly count: number }
  /** A listener, a cleanup or a subscriber threw; it disturbed nobody else. */
  | {
      readonly type: 'user_code_threw'
      readonly where: string
      readonly run: string | undefined
      readonly message: string
    }
  /** A parameter has another value in force. */
  | {
      readonly type: 'parameter'
      readonly name: string
      readonly from: number | boolean | string
      readonly to: number | boolean | string
      readonly by: string
      readonly reason: string
    }
  /** A stored value, or the whole stored document, that is not used and was put aside. */
  | { readonly type: 'parameter_quarantined'; readonly problem: Problem }
  /** Anything else worth a line: links opened and lost, bad input at the 1st, 10th, 100th time. */
  | { readonly type: 'note'; readonly what: string; readonly facts: Readonly<Record<string, unknown>> }

/** An event with its place in the order and on the robot's clock. */
export type RobotEvent = EventBody & {
  /** 1 for the first event of a robot, then consecutive. */
  readonly seq: number
  /** Monotonic seconds. */
  readonly at: Seconds
}
