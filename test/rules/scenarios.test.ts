import { above, health, matches, seconds, stale } from 'tendon'
import { describe, expect, it } from 'vitest'
import { boot, room } from './fixture.ts'

describe('a hot room', () => {
  it('sends the arm home once, and again only after it has cooled', async () => {
    const { sensors, model, home } = room()
    const definition = model.with({ home }).rules({
      overheated: { when: above('room', (t) => t, 40, { hysteresis: 5 }), run: 'home' },
    })
    const { clock, events, told } = await boot(definition)
    for (const t of [20, 39, 41, 45, 39, 41, 36, 41, 35, 39, 42]) {
      sensors.room.say(t)
      await clock.advance(2)
    }
    expect(told()).toEqual(['fired at 4: room is 41, above 40', 'fired at 20: room is 42, above 40'])
    expect(events('ended').map(({ command, status }) => [command, status])).toEqual([
      ['home', 'succeeded'],
      ['home', 'succeeded'],
    ])
  })

  it('is in the log as the cause of what the arm does, right before it', async () => {
    const { sensors, model, home } = room()
    const definition = model.with({ home }).rules({
      overheated: { when: above('room', (t) => t, 40, { forAtLeast: seconds(2) }), run: 'home', cooldown: 30 },
    })
    const { robot, clock, events } = await boot(definition)
    sensors.room.say(20, 41.23456789)
    await clock.advance(2)
    const after = robot.log.entries().findIndex(({ type }) => type === 'rule')
    const cause = { by: 'rule overheated', reason: 'room is 41.2346, above 40 for 2 s' }
    expect(robot.log.entries().slice(after)).toMatchObject([
      { type: 'rule', rule: 'overheated', sensor: 'room', what: 'fired', reading: 2, reason: cause.reason, at: 3 },
      { type: 'started', command: 'home', cause },
    ])
    expect(robot.runs()).toMatchObject([{ command: 'home', cause }])
    expect(robot.rules()).toMatchObject([{ name: 'overheated', phase: 'fired', fired: 1, live: robot.runs()[0]?.id }])
    await clock.advance(5)
    expect([events('ended').length, robot.rules()[0]?.live]).toEqual([1, undefined])
  })

  it('of a robot that is not armed is a refusal with its cause, and the rule goes on as ever', async () => {
    const { sensors, model, home } = room()
    const definition = model.with({ home }).rules({ hot: { when: above('room', (t) => t, 40), run: 'home' } })
    const { clock, events, told } = await boot(definition, { armed: false })
    sensors.room.say(41, 42, 39, 43)
    await clock.settle()
    expect(told()).toHaveLength(2)
    expect(events('refused')).toMatchObject([
      {
        command: 'home',
        problem: { code: 'TENDON_DISARMED' },
        cause: { by: 'rule hot', reason: 'room is 41, above 40' },
      },
      { command: 'home', cause: { reason: 'room is 43, above 40' } },
    ])
    expect(events('safety')).toEqual([])
  })
})

describe('a compass', () => {
  it('that falls silent fires a stale rule after its maxAge, and one whose cable is pulled does at once', async () => {
    const { sensors, model, home } = room({ maxAge: 1 })
    const definition = model.with({ home }).rules({
      silent: { when: stale('room'), run: 'home' },
      gone: { when: health('room', 'lost'), call: () => {} },
    })
    const { clock, told, events } = await boot(definition, { armed: false })
    sensors.room.say(1)
    await clock.advance(0.5)
    sensors.room.say(2)
    await clock.advance(5)
    expect(told()).toEqual(['fired at 1.5: room is stale'])
    sensors.room.say(3)
    sensors.room.unplug()
    await clock.advance(1)
    expect(told().slice(1)).toEqual(['fired at 5.5: room is lost', 'fired at 5.5: room is lost'])
    expect(events('sensor').map(({ from, to }) => `${from} -> ${to}`)).toEqual([
      'unknown -> ok',
      'ok -> stale',
      'stale -> ok',
      'ok -> lost',
    ])
    expect(events('sensor').at(-1)).toMatchObject({ sensor: 'room', problem: { code: 'TEST_LOST' } })
  })

  it('that never said a word is stale too, and one that could not be opened is lost from the start', async () => {
    const silent = room({ maxAge: 1 })
    const first = await boot(silent.model.with({}).rules({ silent: { when: stale('room'), call: () => {} } }), {
      armed: false,
    })
    await first.clock.advance(1)
    expect(first.told()).toEqual(['fired at 1: room is stale'])
    const unplugged = room()
    unplugged.sensors.room.plugged = false
    const second = await boot(
      unplugged.model.with({}).rules({ gone: { when: health('room', 'lost'), call: () => {} } }),
      { armed: false },
    )
    expect(second.told()).toEqual(['fired at 0: room is lost'])
  })

  it('whose link is lost heals by itself, and its rules hear it again', async () => {
    const { sensors, model, home } = room()
    const definition = model.with({ home }).rules({ hot: { when: above('room', (t) => t, 40), run: 'home' } })
    const { robot, clock, told } = await boot(definition)
    sensors.room.say(20)
    sensors.room.unplug()
    await clock.advance(10)
    expect([robot.sensors.room.health(), sensors.room.opens]).toEqual(['lost', 6])
    sensors.room.plugged = true
    await clock.advance(5)
    expect(robot.sensors.room.health()).toBe('lost')
    sensors.room.say(41)
    expect([robot.sensors.room.health(), told().length]).toEqual(['ok', 1])
  })
})

describe('a word', () => {
  it('is an occasion each time it is said, for a rule that takes each', async () => {
    const { sensors, model } = room()
    const stops: string[] = []
    const definition = model.with({}).rules({
      spoken: {
        when: matches('voice', (line) => line.startsWith('stop'), { each: true }),
        call: ({ robot, reading, reason, rule }) => {
          stops.push(`${rule}: ${reading.value} (${reason})`)
          return robot.stop()
        },
      },
      once: { when: matches('voice', /^stop/g), call: () => stops.push('once') },
    })
    const { robot, clock, events } = await boot(definition)
    sensors.voice.say('hello', 'stop now')
    await clock.advance(1)
    expect(stops).toEqual(['spoken: stop now (voice said "stop now")', 'once'])
    expect(events('latched')).toMatchObject([{ by: 'rule spoken', reason: 'voice said "stop now"' }])
    expect(robot.safety.state).toBe('disarmed')
    robot.reset()
    await clock.run(robot.arm())
    sensors.voice.say('stop')
    await clock.advance(1)
    expect([stops.length, robot.safety.state]).toEqual([3, 'disarmed'])
  })
})

describe('a callback', () => {
  it('has the robot without its arm, and what it runs has the rule as its cause', async () => {
    const { sensors, model, home, wave } = room()
    const seen: unknown[] = []
    const definition = model.with({ home, wave }).rules({
      hot: {
        when: above('room', (t) => t, 40),
        call: ({ robot }) => {
          seen.push(robot.state, robot.name, 'arm' in robot, robot.sensors.room.latest().status)
          robot.wave()
          robot.execute('wave', undefined, { by: 'myself' })
          robot.events.publish('hot', true)
        },
      },
    })
    const { robot, clock, events } = await boot(definition)
    robot.events.on('hot', (value) => seen.push(value))
    sensors.room.say(41)
    await clock.settle()
    expect(seen).toEqual(['idle', 'room', false, 'fresh', true])
    expect(events('started').map(({ cause }) => cause)).toEqual([
      { by: 'rule hot', reason: 'room is 41, above 40' },
      { by: 'myself' },
    ])
  })

  const { model, home, sensors } = room()
  const base = model.with({ home })
  const fail = (): never => {
    throw new Error('mine')
  }
  it.each([
    ['a selector', base.rules({ broken: { when: above('room', fail, 40), call: fail } })],
    ['a predicate', base.rules({ broken: { when: matches('room', fail), call: fail } })],
    ['a callback', base.rules({ broken: { when: above('room', (t) => t, 40), call: fail } })],
    ['an async callback', base.rules({ broken: { when: above('room', (t) => t, 40), call: async () => fail() } })],
    ['a goal', base.rules({ broken: { when: above('room', (t) => t, 40), run: 'home', goal: fail } })],
  ])('%s that throws is counted with its rule, and disturbs neither other rules nor the sensor', async (_, broken) => {
    const heard: number[] = []
    const definition = broken.rules({
      fine: { when: above('room', (t) => t, 40), call: ({ reading }) => heard.push(reading.value) },
    })
    const { robot, clock, events } = await boot(definition)
    sensors.room.say(41)
    await clock.settle()
    sensors.room.say(39, 42)
    await clock.settle()
    expect(heard).toEqual([41, 42])
    expect(robot.sensors.room.counts().faults).toBe(0)
    expect(events('user_code_threw')).toMatchObject([{ where: 'rule broken', message: 'mine' }])
    expect(robot.rules()[0]?.faults).toBeGreaterThanOrEqual(2)
  })
})

describe('rules', () => {
  it('end with the robot, before its sensors, and fire for nothing that comes later', async () => {
    const { sensors, model, wave } = room()
    const definition = model.with({ wave }).rules({
      hot: { when: above('room', (t) => t, 40, { forAtLeast: 1 }), run: 'wave' },
      gone: { when: health('room', ['lost', 'unknown']), call: () => {} },
    })
    const { robot, clock, told } = await boot(definition, { armed: false })
    sensors.room.say(41)
    const listeners = (): number => (robot.sensors.room as unknown as { size: number }).size
    expect(listeners()).toBe(2)
    const closing = clock.run(robot.close())
    expect(listeners()).toBe(0)
    sensors.room.say(42)
    await closing
    await clock.advance(5)
    expect(told()).toEqual(['fired at 0: room is unknown'])
  })

  it('do not begin anything for a reading in whose turn the robot was closed', async () => {
    const { sensors, model } = room()
    const heard: string[] = []
    let closing: Promise<unknown> | undefined
    const definition = model.with({}).rules({
      first: {
        when: above('room', (t) => t, 40),
        call: () => {
          closing = robot.close()
        },
      },
      second: { when: above('room', (t) => t, 40), call: () => heard.push('second') },
      third: { when: above('room', (t) => t, 40, { forAtLeast: 9 }), call: () => heard.push('third') },
    })
    const { robot, clock } = await boot(definition, { armed: false })
    sensors.room.say(41)
    await clock.run(Promise.resolve(closing))
    expect([heard, clock.pending]).toEqual([[], 0])
  })

  it('of other sensors are not asked about a reading: one subscription for each sensor that has rules', async () => {
    const { sensors, model, wave } = room()
    let asked = 0
    const asking = (): boolean => ++asked < 0
    let definition = model.with({ wave })
    for (let i = 0; i < 100; i++)
      definition = definition.rules({ [`r${i}`]: { when: matches('voice', asking), run: 'wave' } })
    const { robot } = await boot(definition)
    sensors.room.say(1, 2, 3)
    expect([asked, (robot.sensors.room as unknown as { size: number }).size]).toEqual([0, 0])
    sensors.voice.say('x')
    // The readings, and the health.
    expect([asked, (robot.sensors.voice as unknown as { size: number }).size]).toEqual([100, 2])
  })

  it('do not act on what was kept for who knows how long, where the age of a reading counts', async () => {
    for (const [options, fires] of [
      [{ maxAge: 1 }, 0],
      [{}, 1],
    ] as const) {
      const { sensors, model } = room(options)
      const definition = model.with({}).rules({ hot: { when: above('room', (t) => t, 40), call: () => {} } })
      const { robot } = await boot(definition, { armed: false })
      sensors.room.recall(41)
      expect(robot.rules()).toMatchObject([{ fired: fires }])
    }
  })

  it('judge the sensors as they find them when the robot has started', async () => {
    const { sensors, model, wave } = room()
    const { open } = sensors.room
    sensors.room.open = async (env, sink) => {
      const connection = await open.call(sensors.room, env, sink)
      sink.value(50)
      return connection
    }
    const { told } = await boot(
      model.with({ wave }).rules({ hot: { when: above('room', (t) => t, 40), run: 'wave' } }),
      { armed: false },
    )
    expect(told()).toEqual(['fired at 0: room is 50, above 40'])
  })
})
