import { type FromParam, isFromParam } from '../base/from-param.ts'
import type { Schema } from '../base/schema.ts'
import type { Command, CommandData } from './command.ts'
import { type JointGoal, type JointsAccess, Next } from './context.ts'
import type { JointGoalSchema } from './joint-goal.ts'
import type { PlainTypes } from './robot-model.ts'

type Options = Partial<Pick<CommandData, 'doc' | 'allowed' | 'category' | 'priority' | 'deadline'>>

interface MotionContext {
  readonly goal: JointGoal<string>
  readonly joints: JointsAccess<string>
  readonly params: Readonly<Record<string, unknown>>
  feedback(progress: { readonly fraction: number }): void
}

/** The feedback of `moveTo`; its values come from the motion layer, not from users. */
const fraction: Schema<{ readonly fraction: number }> = {
  '~standard': {
    version: 1,
    vendor: 'tendon',
    validate: (value) => ({ value: value as { fraction: number } }),
  },
}

export function moveToCommand(
  goal: JointGoalSchema<string>,
  { speed, ...options }: Options & { readonly speed?: number | FromParam | undefined },
): Command {
  return {
    kind: 'command',
    spec: {
      doc: 'Moves joints to angles in radians; all arrive together.',
      ...options,
      speed,
      goal,
      feedback: fraction,
      run: isFromParam(speed)
        ? ({ goal, joints, feedback, params }: MotionContext) =>
            joints.moveTo(goal, { speed: params[speed.parameter] as number, onProgress: feedback })
        : ({ goal, joints, feedback }: MotionContext) => joints.moveTo(goal, { speed, onProgress: feedback }),
    },
  }
}

/**
 * It claims all joints; the category `halt`, which every robot has, preempts whoever moves them. Its priority is above
 * what people give their commands, and not infinite, so that a definition can still rank a run above it.
 */
export function haltCommand(joints: readonly string[], options: Options): Command<PlainTypes> {
  return {
    kind: 'command',
    spec: {
      doc: 'Decelerates every joint and stays powered.',
      category: 'halt',
      priority: 1000,
      ...options,
      claims: joints,
      async run({ joints }: MotionContext) {
        await joints.halt()
      },
    },
  }
}

export function setStateCommand(state: string, options: Options): Command<PlainTypes> {
  return {
    kind: 'command',
    spec: { doc: `Changes the operational state to ${state}.`, ...options, run: () => new Next(state, undefined) },
  }
}
