import type { Cause } from '../base/cause.ts'
import type { Clock } from '../base/clock.ts'
import type { Handle } from '../define/handle.ts'
import type { ModelTypes } from '../define/model-types.ts'
import type { Occasion, RuleData, RuleRobot } from '../define/rule.ts'
import type { CommandMap } from '../define/script.ts'
import type { EventLog } from '../log/event-log.ts'

/** What rules ask of the runtime. */
export interface RulesHost {
  readonly clock: Clock
  readonly log: Pick<EventLog, 'record'>
  /** Something was recorded. */
  tell(): void
  execute(command: string, goal: unknown, cause: Cause): Handle
  /** The robot for a callback: what it does through it has this cause. */
  robotFor(cause: Cause): RuleRobot<ModelTypes, CommandMap>
}

/** What a firing has started and has not ended. */
export interface Reaction {
  /** The id of a run, or `callback`. */
  readonly name: string
  /** Resolves when it has ended; rejects with what a callback threw. */
  readonly ended: Promise<unknown>
}

/** Runs the command or calls the function of a rule. Throws what its goal or its function throws. */
export function react(rule: RuleData, occasion: Occasion<unknown>, host: RulesHost): Reaction | undefined {
  const cause: Cause = { by: `rule ${occasion.rule}`, reason: occasion.reason }
  if (rule.run !== undefined) {
    const { goal } = rule
    const handle = host.execute(rule.run, typeof goal === 'function' ? goal(occasion) : goal, cause)
    return handle.outcome ? undefined : { name: handle.id, ended: handle.result() }
  }
  const returned = rule.call?.({ ...occasion, robot: host.robotFor(cause) } as never)
  return returned instanceof Promise ? { name: 'callback', ended: returned } : undefined
}
