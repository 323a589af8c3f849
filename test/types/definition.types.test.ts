import {
  all,
  defineRobot,
  deg,
  type Handle,
  type MoveResult,
  type Op,
  type RobotOf,
  seconds,
  service,
  sleep,
} from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { nmea } from 'tendon/framing'
import { serial } from 'tendon/serial'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

// Right lines compile, wrong ones carry @ts-expect-error, which is itself an error where the line compiles. `tsc`
// proves them (npm run typecheck); nothing here is started. The callbacks below are never called.
const port = serial({ path: '/dev/null', baudRate: 1_000_000 })
const shape = { position: [deg(-90), deg(90)], velocity: 1, stop: 'park' } as const
const arm = defineRobot('arm', {
  states: { recording: {}, playback: {} },
  initial: 'idle',
  categories: { motion: { conflict: 'preempt' }, sensing: { limit: 2 } },
  buses: { servos: feetech({ port }) },
  joints: { pan: { ...shape, servo: sts3215('servos', 1) }, lift: { ...shape, servo: sts3215('servos', 2) } },
  resources: ['table'],
  sensors: { heading: nmea.heading(serial({ path: '/dev/null', baudRate: 4800 })) },
})
const moveTo = arm.moveTo({ category: 'motion' })
const home = arm.command({
  category: 'motion',
  claims: ['pan', 'lift'],
  async run({ joints }) {
    await joints.moveTo({ pan: 0, lift: 0 })
  },
})
const count = arm.command({
  goal: z.object({ upTo: z.number(), step: z.number().optional() }),
  feedback: z.object({ at: z.number() }),
  partial: z.object({ sum: z.number() }),
  message: z.enum(['faster', 'slower']),
  result: z.object({ sum: z.number() }),
  async run({ goal, feedback, partial, inbox }) {
    expectTypeOf(goal.upTo).toEqualTypeOf<number>()
    feedback({ at: 1 })
    partial({ sum: 1 })
    expectTypeOf(inbox.take()).toEqualTypeOf<'faster' | 'slower' | undefined>()
    return { sum: goal.upTo }
  },
})
const robotOf = arm.with({ moveTo, home, count })

/** Code that is compiled and never run. */
const compiled = (_code: () => unknown): void => {}

describe('names of a definition are types', () => {
  it('a misspelt initial state, bus, or calibration joint does not compile', () => {
    compiled(() => {
      defineRobot('a', { states: { busy: {} }, initial: 'busy' })
      // @ts-expect-error no state 'bussy'
      defineRobot('a', { states: { busy: {} }, initial: 'bussy' })
      const buses = { servos: feetech({ port }) }
      const stray = { ...shape, servo: sts3215('servoz', 1) }
      // @ts-expect-error no bus 'servoz'
      defineRobot('a', { buses, joints: { pan: stray } })
      const unit = { homingOffset: 0, rangeMin: 0, rangeMax: 4095 }
      defineRobot('a', { joints: { pan: shape }, calibration: { pan: unit } })
      // @ts-expect-error no joint 'pam'
      defineRobot('a', { joints: { pan: shape }, calibration: { pam: unit } })
      // @ts-expect-error no stop policy 'brake'
      defineRobot('a', { joints: { pan: { ...shape, stop: 'brake' } } })
    })
    expect(Object.keys(arm.spec.joints ?? {})).toEqual(['pan', 'lift'])
  })

  it('a misspelt state, category, claim or cancels of a command does not compile', () => {
    compiled(() => {
      arm.command({
        allowed: ['idle', 'recording', 'disarmed'],
        category: 'sensing',
        claims: ['pan', 'table'],
        cancels: ['motion'],
        during: 'playback',
        async run() {},
      })
      // @ts-expect-error no state 'recoding'
      arm.command({ allowed: ['recoding'], async run() {} })
      // @ts-expect-error no category 'motoin'
      arm.command({ category: 'motoin', async run() {} })
      // @ts-expect-error no joint 'pam'
      arm.command({ claims: ['pam'], async run() {} })
      // @ts-expect-error no category 'motions'
      arm.command({ cancels: ['motions'], async run() {} })
      // @ts-expect-error disarmed is no state to be held in
      arm.command({ during: 'disarmed', async run() {} })
      // @ts-expect-error no state 'play'
      arm.setState('play')
      // @ts-expect-error disarmed is never a transition target
      arm.setState('disarmed')
    })
    expect(arm.setState('recording').kind).toBe('command')
  })

  it('inside a body a misspelt state, joint or sensor does not compile', () => {
    compiled(() =>
      arm.command({
        async run({ next, transition, joints, sensors }) {
          transition('playback')
          // @ts-expect-error no state 'playbak'
          transition('playbak')
          joints.setpoint('pan', 0)
          // @ts-expect-error no joint 'pam'
          joints.setpoint('pam', 0)
          await joints.moveTo({ pan: 1, lift: undefined })
          // @ts-expect-error no joint 'pam' inside a goal
          await joints.moveTo({ pam: 1 })
          sensors.heading.latest()
          // @ts-expect-error no sensor 'headin'
          sensors.headin
          // @ts-expect-error no state 'recordin'
          next('recordin')
          return next('recording', 5)
        },
      }),
    )
  })

  it('reserved names are no names of commands', () => {
    compiled(() => {
      arm.with({ home })
      // @ts-expect-error a robot has `stop` itself
      arm.with({ stop: home })
      // @ts-expect-error `then` would make a promise of the robot
      arm.with({ then: home })
      // @ts-expect-error `state` is the robot's
      arm.with({ state: home })
    })
    const sneaked: object = { close: home }
    expect(() => arm.with(sneaked as { home: typeof home })).toThrow(/TENDON_DEFINITION_INVALID/)
  })
})

const typed = null as unknown as RobotOf<typeof robotOf>

describe('methods of a robot are typed by their commands', () => {
  it('goals, results, feedback, partials and messages are inferred end to end', () => {
    compiled(() => {
      const move = typed.moveTo({ pan: deg(30) })
      expectTypeOf(move.value()).toEqualTypeOf<Promise<MoveResult>>()
      // @ts-expect-error a joint misspelt inside a goal
      typed.moveTo({ pann: deg(30) })
      // @ts-expect-error a goal is needed
      typed.moveTo()
      typed.home()
      const counting = typed.count({ upTo: 3 })
      expectTypeOf(counting).toExtend<Handle<{ sum: number }, { at: number }, { sum: number }, 'faster' | 'slower'>>()
      expectTypeOf(counting.value()).toEqualTypeOf<Promise<{ sum: number }>>()
      // @ts-expect-error upTo is a number
      typed.count({ upTo: 'three' })
      // @ts-expect-error no field 'upto'
      typed.count({ upto: 3 })
      counting.send('faster')
      // @ts-expect-error no such message
      counting.send('fast')
    })
  })

  it('an outcome must be narrowed before its value is read', () => {
    compiled(async () => {
      const outcome = await typed.count({ upTo: 1 }).result()
      // @ts-expect-error there is a value only when it succeeded
      outcome.value
      if (outcome.status === 'succeeded') expectTypeOf(outcome.value.sum).toEqualTypeOf<number>()
      if (outcome.status === 'canceled') expectTypeOf(outcome.partial).toEqualTypeOf<{ sum: number } | undefined>()
      if (outcome.status === 'refused') expectTypeOf(outcome.error.code).toEqualTypeOf<string>()
    })
  })

  it('a handle cannot be awaited by mistake', () => {
    compiled(async () => {
      await typed.home().result()
      // @ts-expect-error a handle is not a promise: use .result() or .value()
      await typed.home()
    })
  })

  it('categories, states and sensors of a robot are its own', () => {
    compiled(() => {
      typed.category('motion')
      // @ts-expect-error no category 'motoin'
      typed.category('motoin')
      // @ts-expect-error no state 'play'
      typed.whenState('play')
      typed.cancel({ category: 'sensing' })
      // @ts-expect-error no category 'sens'
      typed.cancel({ category: 'sens' })
      // @ts-expect-error no sensor 'room'
      typed.sensors.room
      // @ts-expect-error no joint 'elbow'
      typed.joints.elbow
      const latest = typed.sensors.heading.latest()
      // @ts-expect-error there may be no reading yet
      latest.reading
      if (latest.status !== 'unknown') expectTypeOf(latest.reading.value.heading).toEqualTypeOf<number>()
      expectTypeOf(typed.state).toEqualTypeOf<'idle' | 'recording' | 'playback' | 'disarmed'>()
      // @ts-expect-error a state cannot be assigned
      typed.state = 'idle'
    })
  })
})

describe('scripts are typed by the commands that they use', () => {
  it('yield* gives the value of the operation, all gives a tuple', () => {
    const script = arm.script({
      uses: { moveTo, home, count },
      *run(robot) {
        const counted = yield* robot.count({ upTo: 1 })
        expectTypeOf(counted).toEqualTypeOf<{ sum: number }>()
        const [moved, again] = yield* all([robot.moveTo({ pan: 0 }), robot.count({ upTo: 2 })])
        expectTypeOf(moved).toEqualTypeOf<MoveResult>()
        expectTypeOf(again).toEqualTypeOf<{ sum: number }>()
        yield* sleep(seconds(0.1))
        // @ts-expect-error not one of its `uses`
        yield* robot.wave()
        // @ts-expect-error a joint misspelt inside a goal
        yield* robot.moveTo({ pann: 0 })
        return counted.sum
      },
    })
    compiled(() => {
      const made = arm.with({ script })
      expectTypeOf(made.commands.script).toEqualTypeOf(script)
    })
    expect(script.kind).toBe('script')
  })

  it('an async script awaits values of what it starts', () => {
    const script = arm.script({
      uses: { count },
      async run(robot) {
        expectTypeOf(robot.count({ upTo: 1 }).value()).toEqualTypeOf<Promise<{ sum: number }>>()
        return 'done'
      },
    })
    compiled(() => {
      const value: Promise<string> = (null as unknown as Handle<string>).value()
      return value
    })
    expect(script.spec.category).toBe('script')
  })

  it('a rest command has no goal', () => {
    compiled(() => {
      robotOf.rest(home)
      // @ts-expect-error moveTo needs a goal
      robotOf.rest(moveTo)
    })
    expect(robotOf.rest(home).restCommand).toBe(home)
  })

  it('an operation of a service knows its context without being told, and gives its arguments and its value', () => {
    const scale = service('scale', {
      ops: {
        async weigh({ signal }, part: string) {
          expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
          return part.length
        },
      },
    })
    expectTypeOf(scale.ops.weigh).parameters.toEqualTypeOf<[part: string]>()
    expectTypeOf(scale.ops.weigh('nuts')).toEqualTypeOf<Op<number>>()
    compiled(() => {
      // @ts-expect-error a part is named by its name
      scale.ops.weigh(3)
    })
    expect(scale.name).toBe('scale')
  })
})
