import { type FromParam, isFromParam } from '../base/from-param.ts'
import type { Command, CommandData } from '../define/command.ts'
import { isJointGoal, jointsOf } from '../define/joint-goal.ts'
import type { Limits } from '../define/limits.ts'
import type { ParameterValue } from '../define/parameter.ts'
import type { CommandMap } from '../define/script.ts'
import type { Category } from '../gate/pool.ts'

/** A command as the flow reads it: every default filled in, names resolved. Made once per robot and command. */
export interface CommandRecord {
  readonly command: string
  readonly data: CommandData
  readonly allowed: ReadonlySet<string>
  readonly category: Category
  readonly priority: number
  /** Seconds; `Infinity` for none. */
  readonly deadline: number
  readonly grace: number
  readonly lifecycle: boolean
  /** The same with its options as its parameters have them now; undefined where no parameter gives one. */
  readonly renew: (() => CommandRecord) | undefined
  /** What the run will claim, from its validated goal. */
  claims(goal: unknown): readonly string[]
  readonly uses: CommandMap
}

const NONE: readonly string[] = []
const NOTHING: CommandMap = {}
const NO_PARAMETERS: Readonly<Record<string, ParameterValue>> = {}

/** Fills in the defaults of a command. */
export function recordOf(
  name: string,
  command: Command,
  category: Category,
  limits: Limits,
  states: readonly string[],
  lifecycle = false,
  params = NO_PARAMETERS,
): CommandRecord {
  const data = command.spec
  const record: CommandRecord = {
    command: name,
    data,
    allowed: new Set(data.allowed ?? (command.kind === 'script' ? ['disarmed', ...states] : ['idle'])),
    category,
    ...paceOf(data, limits, params),
    lifecycle,
    renew: undefined,
    claims: claimsOf(data),
    uses: data.uses ?? NOTHING,
  }
  if (![data.priority, data.deadline, data.grace].some(isFromParam)) return record
  return { ...record, renew: () => ({ ...record, ...paceOf(data, limits, params) }) }
}

/** The options that parameters may give, with the values of now. */
function paceOf(
  { priority = 0, deadline, grace }: CommandData,
  limits: Limits,
  params: Readonly<Record<string, ParameterValue>>,
): Pick<CommandRecord, 'priority' | 'deadline' | 'grace'> {
  const numberOf = (option: number | FromParam): number =>
    isFromParam(option) ? (params[option.parameter] as number) : option
  return {
    priority: numberOf(priority),
    deadline: deadline === 'none' ? Number.POSITIVE_INFINITY : numberOf(deadline ?? limits.deadline),
    grace: numberOf(grace ?? limits.grace),
  }
}

function claimsOf({ claims, goal }: CommandData): (goal: unknown) => readonly string[] {
  if (typeof claims === 'function') return (value) => [...new Set(claims(value as never))]
  if (claims !== undefined) return () => claims
  return isJointGoal(goal) ? (value) => jointsOf(value as Record<string, number>) : () => NONE
}
