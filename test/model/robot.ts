import type { Command } from '../../src/define/command.ts'
import type { Handle } from '../../src/define/handle.ts'
import type { RobotDefinition } from '../../src/define/robot-definition.ts'
import { feetech, sts3215 } from '../../src/drivers/feetech/index.ts'
import { defineRobot, deg, degPerSec, type JointReading, type OpGenerator, sleep } from '../../src/index.ts'
import { serial } from '../../src/transports/serial.ts'
import { type CommandRule, JOINTS, MAX_ABANDONED, pools, rules } from './rules.ts'

/** How a body behaves; the goal of every command says it. */
export interface Part {
  readonly end: 'value' | 'throw' | 'giveUp' | 'recording' | 'idle' | 'nowhere' | 'throwNothing'
  readonly how:
    | 'sync'
    | 'sleep'
    | 'deaf'
    | 'hang'
    | 'move'
    | 'stream'
    | 'deafStream'
    | 'slowCleanup'
    | 'badCleanup'
    | 'transit'
  /** Seconds until it ends by itself. */
  readonly after: number
  readonly target: number
  /** Commands that it runs one after the other: `pick` counts through what it may use. */
  readonly children: readonly { readonly pick: number; readonly awaited: boolean; readonly part: Part }[]
}

/** The context of a body, as far as the parts use it. */
export interface StageContext {
  readonly runId: string
  readonly goal: Part
  readonly joints: {
    moveTo(goal: Readonly<Record<string, number>>): Promise<unknown>
    setpoint(joint: string, position: number): void
    read(joint: string): JointReading
  }
  readonly robot: Readonly<Record<string, (goal: Part) => { start(): Handle }>>
  readonly interrupted: boolean
  next(state: string, value: unknown): unknown
  transition(state: string): void
  sleep(duration: number): Promise<void>
  onInterrupt(listener: () => void): void
  subscribe(topic: string, listener: (value: unknown) => void): void
  publish(topic: string, value: unknown): void
  partial(value: unknown): void
  feedback(value: unknown): void
  fail(reason: string): Error
}

/** Who plays the parts. */
export interface Stage {
  play(command: string, context: StageContext): unknown
  /** Hears of the end of a body that it did not write. Must get the very promise that the runtime gets. */
  follow(runId: string, work: Promise<unknown>): Promise<unknown>
  /** Called as the last thing in a generator. */
  generatorEnds(runId: string, part: Part): void
}

/** The robot of the random schedules: one joint of each stop policy on one bus, and a command for each rule. */
export function stagedRobot(stage: Stage): RobotDefinition {
  const shape = { position: [deg(-90), deg(90)], velocity: degPerSec(180) } as const
  const { script: _script, halt: _halt, ...categories } = pools
  const model = defineRobot('staged', {
    states: { recording: {}, playback: {} },
    categories,
    buses: { servos: feetech({ port: serial({ path: '/dev/none', baudRate: 1_000_000 }) }) },
    joints: {
      pan: { ...shape, servo: sts3215('servos', 1), stop: 'cut' },
      lift: { ...shape, servo: sts3215('servos', 2), stop: 'park' },
      grip: { ...shape, servo: sts3215('servos', 3), stop: 'hold' },
    },
    resources: ['table'],
    limits: { maxAbandoned: MAX_ABANDONED },
  })
  const commands: Record<string, Command> = { halt: followed(model.halt() as Command, stage) }
  const make = (name: string): Command => {
    commands[name] ??= commandOf(name, rules[name] as CommandRule, make, stage)
    return commands[name]
  }
  for (const name of Object.keys(rules)) make(name)
  return model.with(commands) as unknown as RobotDefinition
}

function commandOf(name: string, rule: CommandRule, make: (name: string) => Command, stage: Stage): Command {
  const { category, claims, allowed, priority, deadline, grace, cancels, during, onSafety, onCrash, uses = [] } = rule
  return {
    kind: category === 'script' ? 'script' : 'command',
    spec: {
      category,
      claims,
      allowed,
      priority,
      deadline: deadline === Number.POSITIVE_INFINITY ? 'none' : deadline,
      grace,
      cancels,
      during,
      onSafety,
      onCrash,
      uses: Object.fromEntries(uses.map((used) => [used, make(used)])),
      run: rule.generator
        ? (context: StageContext) => generator(context.runId, context.goal, stage)
        : (context: StageContext) => stage.play(name, context),
    },
  }
}

/** A built-in command, whose end the stage hears of. */
function followed(command: Command, stage: Stage): Command {
  const body = command.spec.run as (context: StageContext) => Promise<unknown>
  const run = (context: StageContext): Promise<unknown> => stage.follow(context.runId, body(context))
  return { ...command, spec: { ...command.spec, run } }
}

function* generator(runId: string, part: Part, stage: Stage): OpGenerator<unknown> {
  try {
    yield* sleep(part.after / 2)
    yield* sleep(part.after / 2)
    return 'done'
  } finally {
    stage.generatorEnds(runId, part)
  }
}

export const jointsOf = (claims: readonly string[]): string[] =>
  claims.filter((claim) => (JOINTS as readonly string[]).includes(claim))
