import { above, matches } from 'tendon'
import { describe, expect, it } from 'vitest'
import { boot, room } from './fixture.ts'

interface Options {
  readonly hysteresis?: number
  readonly forAtLeast?: number
  readonly cooldown?: number
  readonly maxAge?: number
}

/** What a rule on `above 40` does with these readings, given as [second, value]: `loss` pulls the cable. */
async function rule(
  { cooldown, maxAge, ...options }: Options,
  readings: readonly (readonly [at: number, value: number | 'loss'])[],
  until = 20,
) {
  const { sensors, model } = room({ ...(maxAge !== undefined && { maxAge }) })
  const fires: number[] = []
  const definition = model.with({}).rules({
    hot: {
      when: above('room', (t) => t, 40, options),
      call: () => {
        fires.push(clock.now())
      },
      ...(cooldown !== undefined && { cooldown }),
    },
  })
  const { robot, clock, told, events } = await boot(definition, { armed: false })
  for (const [at, value] of readings) {
    await clock.advance(at - clock.now())
    if (value === 'loss') sensors.room.unplug()
    else sensors.room.say(value)
  }
  await clock.advance(until - clock.now())
  const { fired, suppressed, phase } = robot.rules()[0] ?? { fired: -1, suppressed: -1, phase: 'none' }
  expect(fired).toBe(fires.length)
  const counts = events('rule').map((event) => event.suppressed)
  return { fires, suppressed, phase, told: told(), counts }
}

describe('above 40', () => {
  it.each<[string, Options, readonly (readonly [number, number | 'loss'])[], readonly number[]]>([
    ['fires at once when it is crossed', {}, [[1, 41]], [1]],
    [
      'fires once however long it stays',
      {},
      [
        [1, 41],
        [2, 99],
        [3, 41],
      ],
      [1],
    ],
    [
      'fires again after it was not',
      {},
      [
        [1, 41],
        [2, 40],
        [3, 41],
      ],
      [1, 3],
    ],
    ['is not crossed by NaN', {}, [[1, Number.NaN]], []],
    [
      'is not over by NaN',
      {},
      [
        [1, 41],
        [2, Number.NaN],
        [3, 41],
      ],
      [1],
    ],
    [
      'with hysteresis is not over inside of it',
      { hysteresis: 5 },
      [
        [1, 41],
        [2, 36],
        [3, 41],
      ],
      [1],
    ],
    [
      'with hysteresis is over at its edge',
      { hysteresis: 5 },
      [
        [1, 41],
        [2, 35],
        [3, 41],
      ],
      [1, 3],
    ],
    [
      'for 2 s fires 2 s after the first',
      { forAtLeast: 2 },
      [
        [1, 41],
        [2, 42],
      ],
      [3],
    ],
    ['for 2 s fires on one reading, when no other comes', { forAtLeast: 2 }, [[1, 41]], [3]],
    [
      'for 2 s is broken by one that is not',
      { forAtLeast: 2 },
      [
        [1, 41],
        [2, 40],
        [2.5, 41],
      ],
      [4.5],
    ],
    [
      'for 2 s is broken inside of the hysteresis',
      { forAtLeast: 2, hysteresis: 5 },
      [
        [1, 41],
        [2, 39],
      ],
      [],
    ],
    [
      'for 2 s is broken by NaN',
      { forAtLeast: 2 },
      [
        [1, 41],
        [2, Number.NaN],
        [2.5, 41],
      ],
      [4.5],
    ],
    [
      'for 2 s is broken by a lost link',
      { forAtLeast: 2 },
      [
        [1, 41],
        [2, 'loss'],
      ],
      [],
    ],
    [
      'for 2 s is broken by silence',
      { forAtLeast: 2, maxAge: 1 },
      [
        [1, 41],
        [2.5, 41],
        [3, 41],
      ],
      [],
    ],
    [
      'for 2 s goes on while readings come',
      { forAtLeast: 2, maxAge: 1 },
      [
        [1, 41],
        [1.9, 41],
        [2.8, 41],
        [3.5, 41],
      ],
      [3],
    ],
    [
      'fires at the end of its hold, whatever comes at that instant',
      { forAtLeast: 2 },
      [
        [1, 41],
        [3, 0],
      ],
      [3],
    ],
    [
      'a silence does not make it over',
      { maxAge: 1 },
      [
        [1, 41],
        [5, 41],
      ],
      [1],
    ],
    [
      'in its cooldown fires at its end, if it still holds',
      { cooldown: 5 },
      [
        [1, 41],
        [2, 0],
        [3, 41],
      ],
      [1, 6],
    ],
    [
      'in its cooldown does not, if it is over',
      { cooldown: 5 },
      [
        [1, 41],
        [2, 0],
        [3, 41],
        [4, 0],
      ],
      [1],
    ],
    [
      'in its cooldown does not, if it is inside of the hysteresis',
      { cooldown: 5, hysteresis: 5 },
      [
        [1, 41],
        [2, 0],
        [3, 41],
        [4, 38],
      ],
      [1],
    ],
    [
      'after its cooldown is as before',
      { cooldown: 5 },
      [
        [1, 41],
        [2, 0],
        [6, 41],
      ],
      [1, 6],
    ],
    [
      'for 2 s at the end of its cooldown waits for both',
      { cooldown: 5, forAtLeast: 2 },
      [
        [1, 41],
        [4, 0],
        [7, 41],
      ],
      [3, 9],
    ],
    [
      'has its cooldown counted from its firing',
      { cooldown: 5, forAtLeast: 2 },
      [
        [1, 41],
        [4, 0],
        [5, 41],
      ],
      [3, 8],
    ],
  ])('%s', async (_, options, readings, expected) => {
    expect((await rule(options, readings)).fires).toEqual(expected)
  })

  it('counts each time that its cooldown kept it from firing, and says so, with powers of ten', async () => {
    const swings = Array.from({ length: 24 }, (_, i) => [2 + i * 0.125, i % 2 === 0 ? 0 : 41] as const)
    const again = [
      [30, 0],
      [31, 41],
    ] as const
    const { fires, suppressed, told, counts } = await rule({ cooldown: 10 }, [[1, 41], ...swings, ...again], 40)
    expect([fires, suppressed]).toEqual([[1, 11, 31], 12])
    expect(counts).toEqual([0, 1, 10, 12, 0])
    expect(told).toEqual([
      'fired at 1: room is 41, above 40',
      'suppressed at 2.125: room is 41, above 40; cooldown for another 8.875 s',
      'suppressed at 4.375: room is 41, above 40; cooldown for another 6.625 s',
      'fired at 11: room is 41, above 40',
      'fired at 31: room is 41, above 40',
    ])
  })

  it('for 2 s fires by the times of its readings, also when the event loop owes its timer the call', async () => {
    const { sensors, model } = room()
    const fires: number[] = []
    const when = { forAtLeast: 2 }
    const definition = model.with({}).rules({
      hot: { when: above('room', (t) => t, 40, when), call: ({ reading }) => fires.push(reading.seq) },
    })
    const { clock } = await boot(definition, { armed: false })
    sensors.room.say(41)
    const { now } = clock
    clock.now = () => 2.5
    sensors.room.say(0)
    clock.now = now
    expect(fires).toEqual([1])
  })

  it('says in what phase it is', async () => {
    expect((await rule({ forAtLeast: 2 }, [[1, 0]], 1)).phase).toBe('ready')
    expect((await rule({ forAtLeast: 2 }, [[1, 41]], 2)).phase).toBe('holding')
    expect((await rule({ forAtLeast: 2 }, [[1, 41]], 3)).phase).toBe('fired')
  })
})

describe('a rule whose run lives', () => {
  it('does not start a second one; it does when that has ended, if the condition still holds', async () => {
    const { sensors, model, home } = room()
    const definition = model.with({ home }).rules({ hot: { when: above('room', (t) => t, 40), run: 'home' } })
    const { robot, clock, told, events } = await boot(definition)
    sensors.room.say(41)
    await clock.advance(0.5)
    sensors.room.say(0, 42)
    expect(robot.runs()).toHaveLength(1)
    await clock.advance(5)
    expect(told()).toEqual([
      'fired at 0: room is 41, above 40',
      'suppressed at 0.5: room is 42, above 40; home-1 has not ended',
      'fired at 1: room is 42, above 40',
    ])
    expect(events('started')).toHaveLength(2)
    expect(events('rule').at(-1)).toMatchObject({ suppressed: 1 })
  })

  it('does not if it is over by then', async () => {
    const { sensors, model, home } = room()
    const definition = model.with({ home }).rules({ hot: { when: above('room', (t) => t, 40), run: 'home' } })
    const { robot, clock } = await boot(definition)
    sensors.room.say(41, 0, 42, 0)
    await clock.advance(5)
    expect(robot.rules()).toMatchObject([{ fired: 1, suppressed: 1, phase: 'ready', live: undefined }])
  })

  it('is kept from firing by its callback too, until the promise of that has settled', async () => {
    const { sensors, model } = room()
    let calls = 0
    const definition = model.with({}).rules({
      each: {
        when: matches('voice', 'go', { each: true }),
        call: async () => {
          calls++
          await new Promise<void>((resolve) => clock.after(1, resolve))
        },
      },
    })
    const { robot, clock } = await boot(definition, { armed: false })
    sensors.voice.say('go', 'go', 'go')
    expect(robot.rules()).toMatchObject([{ live: 'callback' }])
    await clock.advance(2)
    sensors.voice.say('go')
    await clock.advance(2)
    expect([calls, robot.rules()]).toMatchObject([2, [{ fired: 2, suppressed: 2, phase: 'ready' }]])
  })
})
