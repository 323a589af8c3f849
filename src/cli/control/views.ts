import type { Clock, RobotDefinition, RobotEvent, RobotOf } from 'tendon'
import type { FirstMotion } from '../first-motion.ts'
import { goalShape } from './goal-fields.ts'
import type {
  CommandView,
  EndedRun,
  Hello,
  JointView,
  ListView,
  RepliesView,
  RunsView,
  SensorView,
  StatusView,
} from './protocol.ts'

export type AnyRobot = RobotOf<RobotDefinition>

/** A running robot as its socket knows it. */
export interface Served {
  readonly robot: AnyRobot
  readonly definition: RobotDefinition
  readonly simulated: boolean
  /** The clock that the robot lives on. */
  readonly clock: Clock
  /** Whether it has moved on its hardware before; absent where nothing real can move. */
  readonly firstMotion?: FirstMotion | undefined
}

/** How many ended runs are told. */
const ENDED = 20

export const helloView = ({ robot, simulated }: Served): Hello => ({
  robot: robot.name,
  pid: process.pid,
  simulated,
  safety: robot.safety.state,
})

export function listView({ robot, definition }: Served): ListView {
  const commands = Object.entries(definition.commands).map(([name, { kind, spec }]): CommandView => {
    const { doc, category = kind === 'script' ? 'script' : 'default', allowed = ['idle'], goal } = spec
    return { name, doc, category, allowed, ...(goal && { goal: goalShape(definition, goal) }) }
  })
  return { robot: robot.name, doc: definition.model.spec.doc, commands }
}

export function statusView(served: Served): StatusView {
  const { robot } = served
  const { latch } = robot.safety
  return {
    ...helloView(served),
    state: robot.state,
    latch: latch && { by: latch.by, reason: latch.reason },
    joints: jointViews(served),
    sensors: sensorViews(served),
    buses: { ...robot.health() },
    replies: repliesViews(served),
    runs: robot.runs().length,
  }
}

function jointViews({ robot, definition, clock }: Served): JointView[] {
  const now = clock.now()
  return Object.entries(definition.hardware.joints).map(([joint, { position, stop, type, servo }]) => {
    const reading = robot.joints[joint] ?? { status: 'unknown' as const }
    const age = reading.status === 'unknown' ? undefined : now - reading.at
    const limits = servo?.mode === 'velocity' ? undefined : ([position[0], position[1]] as const)
    return { joint, reading, age, limits, slides: type === 'prismatic', policy: stop }
  })
}

function repliesViews({ robot, definition, clock }: Served): RepliesView[] {
  const now = clock.now()
  const health = robot.health()
  return Object.entries(definition.hardware.joints).flatMap(([joint, { servo }]) => {
    const counts = servo && health[servo.bus]?.servos?.[servo.id]
    if (!counts) return []
    const { asked, late, lost, streak, lastAnswer } = counts
    const quiet = lastAnswer === undefined ? undefined : now - lastAnswer
    return [{ bus: servo.bus, servo: servo.id, joint, asked, late, lost, streak, quiet }]
  })
}

function sensorViews({ robot, definition }: Served): SensorView[] {
  return Object.entries(robot.sensors).map(([sensor, reader]) => {
    const latest = reader.latest()
    const { readings, bad } = reader.counts()
    const known = latest.status === 'unknown' ? undefined : latest
    return {
      sensor,
      kind: definition.hardware.sensors[sensor]?.kind ?? '?',
      health: reader.health(),
      status: latest.status,
      age: known?.age,
      value: known?.reading.value,
      readings,
      bad: Object.values(bad).reduce((sum, count) => sum + count, 0),
    }
  })
}

export function runsView({ robot, clock }: Served): RunsView {
  const now = clock.now()
  const live = robot.runs().map(({ id, command, status, category, claims, goal, parent }) => ({
    run: id,
    command,
    status,
    category,
    claims,
    goal,
    parent,
  }))
  const ended = robot.log
    .entries()
    .filter((event): event is Extract<RobotEvent, { type: 'ended' }> => event.type === 'ended')
    .slice(-ENDED)
    .map(
      ({ run, command, status, reason, problem, at }): EndedRun => ({
        run,
        command,
        status,
        reason,
        problem,
        ago: now - at,
      }),
    )
  return { live, ended }
}
