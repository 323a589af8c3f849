import {
  controlLoop,
  defineRobot,
  deg,
  type JointRecording,
  type Played,
  playJoints,
  type Recorded,
  type RobotOf,
  recordJoints,
  systemClock,
} from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

// Right lines compile, wrong ones carry @ts-expect-error; `tsc` proves them, and nothing here is started.
const shape = { position: [deg(-90), deg(90)], velocity: 1, stop: 'park' } as const
const arm = defineRobot('arm', {
  states: { recording: {}, playback: {} },
  buses: { servos: feetech({ port: serial({ path: '/dev/null', baudRate: 1_000_000 }) }) },
  joints: { pan: { ...shape, servo: sts3215('servos', 1) }, lift: { ...shape, servo: sts3215('servos', 2) } },
})
const record = arm.command({
  goal: z.object({ name: z.string() }),
  feedback: z.object({ seconds: z.number(), samples: z.number(), missed: z.number() }),
  partial: z.custom<JointRecording>(),
  message: z.literal('done'),
  claims: ['pan', 'lift'],
  during: 'recording',
  run: (ctx) => recordJoints(ctx, { robot: arm, name: ctx.goal.name, joints: ['pan'] }),
})
const play = arm.command({
  goal: z.object({ name: z.string() }),
  feedback: z.object({ fraction: z.number(), stretch: z.number() }),
  during: 'playback',
  run: (ctx) => playJoints(ctx, { robot: arm, name: ctx.goal.name }),
})
const taught = arm.with({ record, play })

describe('recording and playback', () => {
  it('results, progress, partial and message are those of the library', () => {
    const calls = (robot: RobotOf<typeof taught>): void => {
      const run = robot.record({ name: 'wave' })
      expectTypeOf(run.value()).resolves.toEqualTypeOf<Recorded>()
      run.send('done')
      // @ts-expect-error there is no such message
      run.send('enough')
      expectTypeOf(robot.play({ name: 'wave' }).value()).resolves.toEqualTypeOf<Played>()
      // @ts-expect-error a recording has a name
      robot.play({})
    }
    expectTypeOf(calls).toBeFunction()
  })

  it('a misspelt joint, and feedback of another shape, do not compile', () => {
    arm.command({
      message: z.literal('done'),
      // @ts-expect-error `pam` is no joint
      run: (ctx) => recordJoints(ctx, { robot: arm, name: 'wave', joints: ['pam'] }),
    })
    arm.command({
      feedback: z.object({ percent: z.number() }),
      // @ts-expect-error this command tells percents
      run: (ctx) => playJoints(ctx, { robot: arm, name: 'wave' }),
    })
  })

  it('a control loop takes a clock, or the time of a body, and not half of either', () => {
    const run = () => controlLoop({ clock: systemClock, rate: 50 }, ({ index }) => index < 3)
    expectTypeOf(run).returns.resolves.toHaveProperty('skipped')
    arm.command({ run: ({ now, sleep }) => controlLoop({ now, sleep, rate: 50 }, () => false) })
    // @ts-expect-error without a clock or a time
    const none = () => controlLoop({ rate: 50 }, () => {})
    // @ts-expect-error `now` alone cannot wait
    arm.command({ run: ({ now }) => controlLoop({ now, rate: 50 }, () => none) })
  })
})
