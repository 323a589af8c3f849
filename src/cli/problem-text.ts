import type { Problem } from 'tendon'

/** What a person standing beside the robot must believe. */
const POWER: Readonly<Record<Exclude<Problem['power'], 'unchanged'>, string>> = {
  off: 'Power is verified off.',
  on: 'Joints have power.',
  unknown: 'Power may still be on: keep clear.',
}

/** One thing wrong with a goal, as `TENDON_GOAL_INVALID` and `TENDON_CONTROL_GOAL` carry it. */
interface GoalIssue {
  readonly path: readonly string[]
  readonly message: string
}

/** A problem as lines: what, each part of it, why, fix, and power where it is not as it was before. */
export function problemLines(found: Problem): string[] {
  return [
    ...whatLines(found),
    `  why:   ${found.why}`,
    `  fix:   ${found.fix}`,
    ...(found.power === 'unchanged' ? [] : [`  power: ${POWER[found.power]}`]),
  ]
}

/** What is wrong with a goal; undefined for a problem with anything else. */
export function goalIssues({ code, facts }: Problem): readonly GoalIssue[] | undefined {
  return code === 'TENDON_GOAL_INVALID' || code === 'TENDON_CONTROL_GOAL'
    ? (facts.issues as readonly GoalIssue[])
    : undefined
}

/** Everything that is wrong with a goal at once, a line for each. */
function whatLines(found: Problem): string[] {
  const { code, what, facts } = found
  const issues = goalIssues(found)
  if (!issues) return [`${code}: ${what}`]
  return [
    `${code}: The goal of ${facts.command} is not valid.`,
    ...issues.map(({ path, message }) => `  ${path.join('.') || 'goal'}: ${message}`),
  ]
}
