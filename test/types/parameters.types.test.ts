import { defineRobot, deg, fromParam, type ParameterInfo, param, type RobotOf } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { describe, expect, expectTypeOf, it } from 'vitest'

// Right lines compile, wrong ones carry @ts-expect-error; `tsc` proves them and nothing here is started.
const buses = { servos: feetech({ port: serial({ path: '/dev/null', baudRate: 1_000_000 }) }) }
const shape = { servo: sts3215('servos', 1), position: [deg(-90), deg(90)], stop: 'park' } as const
const parameters = {
  cruise: param.number({ default: 0.5, min: 0.1, max: 1 }),
  reach: param.angle({ default: deg(30), min: deg(1), max: deg(90) }),
  retries: param.integer({ default: 3, min: 1 }),
  quiet: param.flag({ default: false }),
  pace: param.choice(['slow', 'fast'], { default: 'slow' }),
  label: param.text({ default: 'arm', maxLength: 8 }),
}
const arm = defineRobot('arm', {
  buses,
  parameters,
  joints: { pan: { ...shape, velocity: fromParam('cruise'), acceleration: fromParam('cruise') } },
})
const move = arm.moveTo({ speed: fromParam('cruise'), deadline: fromParam('retries'), priority: fromParam('retries') })
const robotOf = arm.with({ move })
const typed = null as unknown as RobotOf<typeof robotOf>
/** Code that is compiled and never run. */
const compiled = (_code: () => unknown): void => {}

describe('the parameters of a robot', () => {
  it('have the types of their definition', () => {
    compiled(async () => {
      expectTypeOf(typed.parameters.get('cruise')).toEqualTypeOf<number>()
      expectTypeOf(typed.parameters.get('quiet')).toEqualTypeOf<boolean>()
      expectTypeOf(typed.parameters.get('pace')).toEqualTypeOf<'slow' | 'fast'>()
      expectTypeOf(typed.parameters.get('label')).toEqualTypeOf<string>()
      expectTypeOf(typed.parameters.parse('pace', 'slow')).toEqualTypeOf<'slow' | 'fast'>()
      expectTypeOf(typed.parameters.all()).toEqualTypeOf<ParameterInfo[]>()
      await typed.parameters.set('pace', 'fast', { by: 'ui' })
      typed.parameters.on('pace', ({ to }) => expectTypeOf(to).toEqualTypeOf<'slow' | 'fast'>())
      // @ts-expect-error no parameter 'cruse'
      typed.parameters.get('cruse')
      // @ts-expect-error no parameter 'cruse'
      await typed.parameters.set('cruse', 1)
      // @ts-expect-error no parameter 'cruse'
      await typed.parameters.reset('cruse')
      // @ts-expect-error no parameter 'cruse'
      typed.parameters.on('cruse', () => {})
      // @ts-expect-error a number is no choice
      await typed.parameters.set('pace', 1)
      // @ts-expect-error not one of the choices
      await typed.parameters.set('pace', 'warp')
      // @ts-expect-error a text is no number
      await typed.parameters.set('cruise', '0.5')
    })
    expect(Object.keys(arm.spec.parameters ?? {})).toEqual(Object.keys(parameters))
  })

  it('cannot begin with a default of another type', () => {
    compiled(() => {
      // @ts-expect-error a text is no number
      param.number({ default: '1' })
      // @ts-expect-error not one of the choices
      param.choice(['slow', 'fast'], { default: 'warp' })
      // @ts-expect-error a text has a bound
      param.text({ default: 'arm' })
      // @ts-expect-error an angle is in degrees for people
      param.angle({ default: 1, unit: 's' })
    })
    expect(param.choice(['slow', 'fast'], { default: 'slow' }).choices).toEqual(['slow', 'fast'])
  })

  it('are typed inside of bodies, and cannot be assigned', () => {
    compiled(() =>
      arm.command({
        async run({ params }) {
          expectTypeOf(params.cruise).toEqualTypeOf<number>()
          expectTypeOf(params.pace).toEqualTypeOf<'slow' | 'fast'>()
          // @ts-expect-error no parameter 'cruse'
          params.cruse
          // @ts-expect-error set goes through robot.parameters
          params.cruise = 1
        },
      }),
    )
    compiled(() => {
      defineRobot('bare', {}).command({
        async run({ params }) {
          // @ts-expect-error this robot has no parameters
          params.cruise
        },
      })
    })
    expect(move.spec.speed).toEqual(fromParam('cruise'))
  })
})

describe('fromParam as an option', () => {
  it('of a command takes the numbers of the definition only', () => {
    compiled(() => {
      arm.command({
        deadline: fromParam('retries'),
        grace: fromParam('reach'),
        priority: fromParam('cruise'),
        async run() {},
      })
      // @ts-expect-error no parameter 'retrys'
      arm.command({ deadline: fromParam('retrys'), async run() {} })
      // @ts-expect-error a flag is no number
      arm.command({ grace: fromParam('quiet'), async run() {} })
      // @ts-expect-error a choice is no number
      arm.command({ priority: fromParam('pace'), async run() {} })
      // @ts-expect-error a category is no number
      arm.command({ category: fromParam('retries'), async run() {} })
      // @ts-expect-error no parameter 'cruse'
      arm.moveTo({ speed: fromParam('cruse') })
      // @ts-expect-error a text is no number
      arm.halt({ deadline: fromParam('label') })
      // @ts-expect-error no parameter 'retrys'
      arm.script({ uses: {}, deadline: fromParam('retrys'), async run() {} })
      // @ts-expect-error this robot has no parameters
      defineRobot('bare', {}).command({ deadline: fromParam('retries'), async run() {} })
    })
    expect(arm.script({ uses: {}, deadline: fromParam('retries'), async run() {} }).kind).toBe('script')
  })

  it('of a joint takes the numbers of the definition only', () => {
    compiled(() => {
      // @ts-expect-error no parameter 'cruse'
      defineRobot('a', { buses, parameters, joints: { pan: { ...shape, velocity: fromParam('cruse') } } })
      // @ts-expect-error a flag is no number
      defineRobot('a', { buses, parameters, joints: { pan: { ...shape, velocity: fromParam('quiet') } } })
      // @ts-expect-error there are no parameters
      defineRobot('a', { buses, joints: { pan: { ...shape, velocity: fromParam('cruise') } } })
    })
    expect(arm.spec.pacedBy).toEqual({ pan: { velocity: fromParam('cruise'), acceleration: fromParam('cruise') } })
  })
})
