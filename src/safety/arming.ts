import { sleep, within } from '../base/clock.ts'
import { describe, type Problem, TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Axis } from '../motion/axis.ts'
import { type Power, torqueProblem } from '../motion/power.ts'
import type { Channel, Rig } from '../motion/rig.ts'
import { TravelWatch } from '../motion/travel-watch.ts'
import { waitStill } from '../motion/wait-still.ts'
import type { Guards } from './guards.ts'
import { prearmProblems } from './prearm.ts'

/** What an arming needs: the parts, their power, and whether it may still go on. */
export interface ArmingContext {
  readonly rig: Rig
  readonly power: Power
  readonly guards: Guards
  /** False from the moment of a stop or an abort: nothing may be switched on any more. */
  readonly isAlive: () => boolean
}

type Step = (context: ArmingContext, axes: readonly Axis[]) => Promise<readonly Problem[]>

/** In this order, each only when the one before found nothing. Nothing gets power before `powerUp`. */
const STEPS: readonly Step[] = [checkBuses, postGuards, inspectAll, checkStill, limpAll, configureAll, powerUp]

/**
 * Powers the robot up, verified. Resolves to what stands against it; none means that every joint holds where it was.
 * With problems, or when broken off, everything that this powered is off again. Never rejects.
 */
export async function armAll(context: ArmingContext): Promise<readonly Problem[]> {
  const axes = [...context.rig.axes.values()]
  const problems = await runSteps(context, axes)
  if (problems.length === 0) return []
  const left = await context.power.undo()
  return [...problems, ...left.map((axis) => torqueProblem(axis, 'off'))]
}

async function runSteps(context: ArmingContext, axes: readonly Axis[]): Promise<readonly Problem[]> {
  try {
    for (const step of STEPS) {
      const problems = await step(context, axes)
      if (!context.isAlive()) return [aborted()]
      // What a step finds while a bus goes away is only what follows from that.
      const gone = await checkBuses(context)
      if (gone.length > 0) return gone
      if (problems.length > 0) return problems
    }
    context.power.confirm(axes)
    return []
  } catch (error) {
    return [problem('TENDON_ARM_NOT_COMPLETED', { reason: describe(error) }, error)]
  }
}

/** Why an arming ended that nothing was wrong with. */
export const aborted = (reason = 'the robot was stopped meanwhile'): Problem =>
  problem('TENDON_ARM_ABORTED', { reason })

async function checkBuses({ rig }: ArmingContext): Promise<readonly Problem[]> {
  return rig.channels
    .filter(({ bus, axes }) => axes.length > 0 && !bus.isOpen)
    .map(({ name, axes }) => problem('TENDON_ARM_BUS_CLOSED', { bus: name, joints: axes.map((axis) => axis.name) }))
}

/** Each bus that needs a guard has one that is awake, and it gets its first beat before anything gets power. */
async function postGuards({ guards, isAlive }: ArmingContext): Promise<readonly Problem[]> {
  const problems = await guards.check()
  if (problems.length === 0 && isAlive()) guards.begin()
  return problems
}

/** Asks every servo, also when another does not answer: people want the whole list. */
async function inspectAll(context: ArmingContext): Promise<readonly Problem[]> {
  const found = await Promise.all(context.rig.channels.map((channel) => inspectChannel(context, channel)))
  return found.flat()
}

async function inspectChannel({ rig, isAlive }: ArmingContext, { bus, axes }: Channel): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const axis of axes) {
    if (!isAlive()) break
    const joint = { joint: axis.name, bus: axis.bus, servo: axis.id }
    try {
      const inspection = await bounded(rig, bus.inspect(axis.id))
      axis.power = inspection.powered ? 'on' : 'off'
      problems.push(...prearmProblems({ ...joint, spec: axis.spec }, inspection, rig.env.limits))
    } catch (error) {
      problems.push(uninspected(joint, error))
    }
  }
  return problems
}

/** A driver that knows better than "no answer" says so itself, such as that another model answered. */
function uninspected(joint: { joint: string; bus: string; servo: number }, error: unknown): Problem {
  const isKnown = error instanceof TendonError && error.code !== 'TENDON_SERVO_SILENT'
  if (isKnown) return error.problem
  return problem('TENDON_ARM_SERVO_SILENT', { ...joint, reason: describe(error) }, error)
}

async function checkStill({ rig }: ArmingContext, axes: readonly Axis[]): Promise<readonly Problem[]> {
  // Read anew: since the last readings a hand may have moved them.
  for (const axis of axes) axis.still.reset()
  const moving = await waitStill(rig, axes, { cap: rig.env.limits.armStill })
  return moving.length === 0 ? [] : [problem('TENDON_ARM_MOVING', { joints: moving.map((axis) => axis.name) })]
}

/** Joints that have power for another reason than a hold of ours lose it; a holding one would drop its load. */
async function limpAll({ power }: ArmingContext, axes: readonly Axis[]): Promise<readonly Problem[]> {
  const left = await power.off(axes.filter((axis) => axis.power !== 'off' && !isHolding(axis)))
  return left.map((axis) => torqueProblem(axis, 'off'))
}

const isHolding = (axis: Axis): boolean => axis.power === 'on' && axis.policy === 'hold'

async function configureAll(context: ArmingContext): Promise<readonly Problem[]> {
  const found = await Promise.all(context.rig.channels.map((channel) => configureChannel(context, channel)))
  return found.flat()
}

async function configureChannel({ rig, isAlive }: ArmingContext, { bus, axes }: Channel): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const axis of axes) {
    if (!isAlive()) break
    try {
      await bounded(rig, bus.configure(axis.id))
    } catch (error) {
      const facts = { joint: axis.name, bus: axis.bus, servo: axis.id, reason: describe(error) }
      problems.push(problem('TENDON_ARM_CONFIGURE', facts, error))
    }
  }
  return problems
}

/** Goal = present, torque on, read back, joint by joint on each bus; then all are watched. */
async function powerUp(context: ArmingContext, axes: readonly Axis[]): Promise<readonly Problem[]> {
  const { rig, power, isAlive } = context
  const limp = axes.filter((axis) => !isHolding(axis))
  noteAssumed(rig, limp)
  const travel = new TravelWatch(rig, axes)
  try {
    const failed = await power.on(limp, isAlive)
    const shaking = isAlive() && failed.length === 0 ? await comeToRest(context, axes) : []
    return [
      ...failed.map(({ name: joint, bus, id: servo }) => problem('TENDON_ARM_TORQUE', { joint, bus, servo })),
      ...travel.problems(),
      ...(shaking.length > 0 ? [problem('TENDON_ARM_UNSTEADY', { joints: shaking.map((axis) => axis.name) })] : []),
      ...axes.flatMap((axis) => alarmOf(axis) ?? []),
    ]
  } finally {
    travel.end()
  }
}

/** Where nothing measures, the first power may move a joint to where it is taken to be: nobody can see that it does. */
function noteAssumed({ env }: Rig, axes: readonly Axis[]): void {
  const assumed = axes.filter(({ sample }) => sample?.estimated)
  if (assumed.length === 0) return
  const joints = Object.fromEntries(assumed.map((axis) => [axis.name, axis.measured]))
  env.hooks.note('position_assumed', { joints, estimated: true })
}

/** Looks at the powered joints for a while: one that jumps, or sinks, does so within the first moments. */
async function comeToRest({ rig, isAlive }: ArmingContext, axes: readonly Axis[]): Promise<readonly Axis[]> {
  const { clock, limits } = rig.env
  // A robot without joints has nothing that could sink.
  if (axes.length === 0) return []
  await sleep(clock, limits.armSettle)
  for (const axis of axes) axis.still.reset()
  return isAlive() ? waitStill(rig, axes, { cap: limits.armStill }) : []
}

function alarmOf({ name: joint, bus, id: servo, sample }: Axis): Problem | undefined {
  const alarms = sample?.alarms ?? []
  return alarms.length > 0 ? problem('TENDON_ARM_ALARM', { joint, bus, servo, alarms }) : undefined
}

/** A driver call that takes too long is one that was not answered. */
function bounded<T>(rig: Rig, work: Promise<T>): Promise<T> {
  const { clock, limits } = rig.env
  return within(clock, limits.callTimeout, work, (): never => {
    throw new Error(`no answer within ${limits.callTimeout} s`)
  })
}
