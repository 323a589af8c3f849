import type { Problem, RobotDefinition } from 'tendon'
import { goalShape, strayFields } from './goal-fields.ts'
import { controlProblem } from './problems.ts'

/**
 * What is wrong with a goal that came over the socket and that the command's own check would not see, together with
 * everything that it would: all at once. Undefined when the command's own check is enough. Never throws.
 */
export function goalProblem(
  definition: RobotDefinition,
  command: string,
  goal: unknown,
  units: Readonly<Record<string, string>>,
): Problem | undefined {
  const spec = definition.commands[command]?.spec
  if (!spec) return undefined
  if (!spec.goal) {
    if (goal === undefined) return undefined
    return controlProblem('TENDON_CONTROL_GOAL', { command, issues: [{ path: [], message: 'it takes none' }] })
  }
  const stray = strayFields(goalShape(definition, spec.goal), goal, units)
  if (stray.length === 0) return undefined
  const told = new Set(stray.map(({ path }) => path.join('.')))
  const others = ownIssues(spec.goal, goal).filter(({ path }) => !told.has(path.join('.')))
  return controlProblem('TENDON_CONTROL_GOAL', { command, issues: [...stray, ...others] })
}

type Goal = NonNullable<RobotDefinition['commands'][string]['spec']['goal']>

function ownIssues(schema: Goal, goal: unknown): { path: string[]; message: string }[] {
  try {
    const result = schema['~standard'].validate(goal)
    if (result instanceof Promise) return []
    return (result.issues ?? []).map(({ message, path }) => ({
      message,
      path: (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)),
    }))
  } catch {
    // A schema that throws says so when the command is run.
    return []
  }
}
