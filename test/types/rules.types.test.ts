import {
  above,
  below,
  defineRobot,
  deg,
  type HealthChange,
  health,
  inside,
  matches,
  outside,
  type Reading,
  type RobotDefinition,
  type RobotOf,
  type SensorHealth,
  seconds,
  stale,
} from 'tendon'
import { lines } from 'tendon/framing'
import { serial } from 'tendon/serial'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

// Right lines compile, wrong ones carry @ts-expect-error. `tsc` proves them; nothing here is started.
const port = serial({ path: '/dev/null', baudRate: 9600 })
const cell = defineRobot('cell', {
  sensors: {
    room: lines(port, { schema: z.number() }),
    battery: lines(port, { schema: z.object({ volts: z.number(), charging: z.boolean() }), maxAge: 5 }),
    voice: lines(port),
  },
  joints: { pan: { position: [deg(-90), deg(90)], velocity: 1 } },
})
const home = cell.command({ async run() {} })
const dock = cell.command({ goal: z.object({ charge: z.number() }), async run() {} })
const robot = cell.with({ home, dock })

/** Code that is compiled and never run. */
const compiled = (_code: () => unknown): void => {}

describe('the rules of a definition', () => {
  it('know the value of the sensor in the selector, and its reading in the goal and the callback', () => {
    const made = robot.rules({
      overheated: {
        when: above('room', (t) => t, 40, { hysteresis: 5, forAtLeast: seconds(2) }),
        run: 'home',
        cooldown: seconds(30),
      },
      low: {
        when: below('battery', (b) => b.volts, 10.5),
        run: 'dock',
        goal: ({ reading }) => {
          expectTypeOf(reading).toEqualTypeOf<Reading<{ volts: number; charging: boolean }>>()
          return { charge: 12 - reading.value.volts }
        },
      },
      cold: { when: outside('room', (t) => t, [10, 40]), run: 'dock', goal: { charge: 1 } },
      fine: { when: inside('room', (t) => t, [10, 40]), run: 'home', goal: undefined },
      charging: { when: matches('battery', { charging: true }), run: 'home' },
      asked: { when: matches('voice', /please/), run: 'home' },
      spoken: {
        when: matches('voice', (line) => line.startsWith('stop'), { each: true }),
        call: ({ robot, reading, rule, reason }) => {
          expectTypeOf(reading).toEqualTypeOf<Reading<string>>()
          expectTypeOf([rule, reason]).toEqualTypeOf<string[]>()
          expectTypeOf(robot.state).toEqualTypeOf<'idle' | 'disarmed'>()
          robot.dock({ charge: 1 })
          robot.cancel({ category: 'default' })
          return robot.stop()
        },
      },
      lost: {
        when: health('battery', ['lost', 'stale']),
        call: ({ reading }) => {
          expectTypeOf(reading).toEqualTypeOf<Reading<{ volts: number; charging: boolean }> | undefined>()
        },
      },
    })
    expectTypeOf(made.commands).toEqualTypeOf(robot.commands)
    // A definition with rules is a definition of any robot too.
    expectTypeOf(made).toExtend<RobotDefinition>()
    expect(Object.keys(made.ruleSpecs)).toHaveLength(8)
  })

  it('a misspelt sensor, command, option or goal does not compile', () => {
    compiled(() => {
      // @ts-expect-error no sensor 'rom'
      robot.rules({ a: { when: above('rom', () => 1, 40), run: 'home' } })
      // @ts-expect-error no sensor 'rom'
      robot.rules({ a: { when: stale('rom'), run: 'home' } })
      // @ts-expect-error no command 'hom'
      robot.rules({ a: { when: above('room', (t) => t, 40), run: 'hom' } })
      // @ts-expect-error no field 'volt'
      robot.rules({ a: { when: below('battery', (b) => b.volt, 40), run: 'home' } })
      // @ts-expect-error the selector gives a number
      robot.rules({ a: { when: below('battery', (b) => b.charging, 40), run: 'home' } })
      // @ts-expect-error no option 'hystresis'
      robot.rules({ a: { when: above('room', (t) => t, 40, { hystresis: 5 }), run: 'home' } })
      // @ts-expect-error no option 'cooldwn'
      robot.rules({ a: { when: above('room', (t) => t, 40), run: 'home', cooldwn: 5 } })
      // @ts-expect-error a goal is needed
      robot.rules({ a: { when: above('room', (t) => t, 40), run: 'dock' } })
      // @ts-expect-error no field 'chrge' in the goal
      robot.rules({ a: { when: above('room', (t) => t, 40), run: 'dock', goal: { chrge: 1 } } })
      // @ts-expect-error the charge is a number
      robot.rules({ a: { when: above('room', (t) => t, 40), run: 'dock', goal: () => ({ charge: 'full' }) } })
      // @ts-expect-error home has no goal
      robot.rules({ a: { when: above('room', (t) => t, 40), run: 'home', goal: { charge: 1 } } })
    })
    expect(robot.ruleSpecs).toEqual({})
  })

  it('what a pattern, a health or a reaction cannot be does not compile', () => {
    compiled(() => {
      // @ts-expect-error an expression is for text
      robot.rules({ a: { when: matches('room', /4/), run: 'home' } })
      // @ts-expect-error no field 'chargin'
      robot.rules({ a: { when: matches('battery', { chargin: true }), run: 'home' } })
      // @ts-expect-error one reading does not last
      robot.rules({ a: { when: matches('voice', 'go', { each: true, forAtLeast: 1 }), run: 'home' } })
      // @ts-expect-error no such health
      robot.rules({ a: { when: health('room', 'gone'), run: 'home' } })
      // @ts-expect-error a run or a call, not both
      robot.rules({ a: { when: stale('room'), run: 'home', call: () => {} } })
      // @ts-expect-error a run or a call
      robot.rules({ a: { when: stale('room') } })
      // @ts-expect-error a callback cannot arm
      robot.rules({ a: { when: stale('room'), call: ({ robot }) => robot.arm() } })
      // @ts-expect-error a lost sensor may have no reading
      robot.rules({ a: { when: stale('room'), call: ({ reading }) => reading.value } })
      // @ts-expect-error a condition belongs into the rules of a definition
      above('room', (t: number) => t, 40)
    })
    expect(robot.name).toBe('cell')
  })
})

describe('a robot', () => {
  it('has the health of its sensors, and takes a cause by name', () => {
    const typed = null as unknown as RobotOf<typeof robot>
    compiled(() => {
      expectTypeOf(typed.sensors.room.health()).toEqualTypeOf<SensorHealth>()
      typed.sensors.room.onHealth((change) => expectTypeOf(change).toEqualTypeOf<HealthChange>())
      typed.execute('home', undefined, { by: 'console', reason: 'asked' })
      // @ts-expect-error a cause has a by and a reason
      typed.execute('home', undefined, { who: 'me' })
      typed.log.on('started', ({ cause }) => cause?.by)
      typed.log.on('rule', ({ what }) => expectTypeOf(what).toEqualTypeOf<'fired' | 'suppressed'>())
    })
    expect(typed).toBeNull()
  })
})
