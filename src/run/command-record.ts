import type { Command, CommandData } from '../define/command.ts'
import { isJointGoal, jointsOf } from '../define/joint-goal.ts'
import type { Limits } from '../define/limits.ts'
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
  /** What the run will claim, from its validated goal. */
  claims(goal: unknown): readonly string[]
  readonly uses: CommandMap
}

const NONE: readonly string[] = []
const NOTHING: CommandMap = {}

/** Fills in the defaults of a command. */
export function recordOf(
  name: string,
  command: Command,
  category: Category,
  limits: Limits,
  states: readonly string[],
  lifecycle = false,
): CommandRecord {
  const data = command.spec
  return {
    command: name,
    data,
    allowed: new Set(data.allowed ?? (command.kind === 'script' ? ['disarmed', ...states] : ['idle'])),
    category,
    priority: data.priority ?? 0,
    deadline: data.deadline === 'none' ? Number.POSITIVE_INFINITY : (data.deadline ?? limits.deadline),
    grace: data.grace ?? limits.grace,
    lifecycle,
    claims: claimsOf(data),
    uses: data.uses ?? NOTHING,
  }
}

function claimsOf({ claims, goal }: CommandData): (goal: unknown) => readonly string[] {
  if (typeof claims === 'function') return (value) => [...new Set(claims(value as never))]
  if (claims !== undefined) return () => claims
  return isJointGoal(goal) ? (value) => jointsOf(value as Record<string, number>) : () => NONE
}
