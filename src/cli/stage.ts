import {
  type Handle,
  type Outcome,
  type Problem,
  type RobotDefinition,
  type RobotOf,
  type StopVerdict,
  TendonError,
  toDegrees,
} from 'tendon'
import type { Simulation } from 'tendon/sim'
import type { Screen } from './screen.ts'
import type { SimulatedWorld } from './simulated-world.ts'

/** A story that did not go as it is told: shown, the robot disarmed, exit code 1. */
class StoryFailed extends Error {
  readonly problems: readonly Problem[]
  constructor(sentence: string, problems: readonly Problem[] = []) {
    super(sentence)
    this.name = 'StoryFailed'
    this.problems = problems
  }
}

type AnyRobot = RobotOf<RobotDefinition>

/** What a story is told on: it shows runs, registers and verdicts, and ends the story when something is not so. */
export class Stage {
  readonly robot: AnyRobot
  readonly sim: Simulation
  readonly #screen: Screen
  readonly #world: SimulatedWorld

  constructor(robot: AnyRobot, world: SimulatedWorld, screen: Screen) {
    this.robot = robot
    this.sim = world.simulation
    this.#screen = screen
    this.#world = world
  }

  say(line: string): void {
    this.#screen.say(line)
  }

  async run<R>(handle: Handle<R, unknown>, label: string): Promise<Outcome<R>> {
    const { clock } = this.#world
    const began = clock.now()
    this.#screen.follow(handle, label)
    const outcome = await handle.result()
    const how = outcome.status === 'canceled' ? `canceled (${outcome.reason})` : outcome.status
    this.say(`${mark(outcome)} ${label} ${how} after ${(clock.now() - began).toFixed(1)} s`)
    return outcome
  }

  /** Something in the world speaks: a message through the broker behind the robot's links. */
  async publish(topic: string, value: unknown): Promise<void> {
    const { broker } = this.#world
    if (!broker) throw new StoryFailed(`nothing can say ${topic}: the robot has no link`)
    await broker.publish(topic, value)
  }

  async must<R>(handle: Handle<R, unknown>, label: string): Promise<R> {
    const outcome = await this.run(handle, label)
    if (outcome.status === 'succeeded') return outcome.value
    throw new StoryFailed(`${label} ${outcome.status}`, 'error' in outcome ? [outcome.error] : [])
  }

  async arm(): Promise<void> {
    const armed = await this.robot.arm()
    if (!armed.armed) throw new StoryFailed('the robot was not armed', armed.problems)
    this.say(`armed; read from the servos:`)
    for (const servo of this.sim.servos) {
      const torque = servo.read('torqueEnable') === 1 ? 'on' : 'off'
      const slides = this.#world.definition.hardware.joints[servo.joint]?.type === 'prismatic'
      const at = slides ? `${(servo.position * 1000).toFixed(1)} mm` : `${toDegrees(servo.position).toFixed(1)} deg`
      const volts = (servo.read('presentVoltage') / 10).toFixed(1)
      this.say(
        `  ${servo.joint.padEnd(14)} servo ${servo.id}  torque ${torque}  ${at.padStart(10)}  ${volts} V  ${servo.read('presentTemperature')} C`,
      )
    }
  }

  verdict(found: StopVerdict, label: string): void {
    const text = [
      `${label}: ${found.confirmed ? 'every servo confirmed' : 'NOT CONFIRMED, power may still be on: keep clear'}`,
      ...found.joints.map(
        ({ joint, servo, verdict, reason }) =>
          `  ${joint.padEnd(14)} servo ${servo}  ${verdict.replace('_', ' ')}${reason ? ` (${reason})` : ''}`,
      ),
    ].join('\n')
    this.#screen.fact('verdict', { label, ...found }, text)
  }

  check(holds: boolean, sentence: string): void {
    if (!holds) throw new StoryFailed(sentence)
  }
}

const mark = (outcome: Outcome): string =>
  outcome.status === 'succeeded' ? '✓' : outcome.status === 'canceled' ? '■' : '✗'

/** A story that was stopped by what somebody threw. */
export const problemsIn = (error: unknown): readonly Problem[] =>
  error instanceof StoryFailed ? error.problems : error instanceof TendonError ? [error.problem] : []
