import { above, health, matches, outside, type RobotDefinition, stale, type TendonError } from 'tendon'
import { describe, expect, it } from 'vitest'
import type { RuleMap } from '../../src/define/rule.ts'
import { boot, room } from './fixture.ts'

/** The faults of these rules, as a program without types would write them. */
function faultsOf(rules: Record<string, unknown>): string[] {
  const { model, home } = room()
  const untyped = model.with({ home }) as unknown as { rules(rules: RuleMap): RobotDefinition }
  try {
    untyped.rules(rules as RuleMap)
  } catch (error) {
    const { problem } = error as TendonError
    return (problem.facts.faults as { path: string; what: string; fix: string }[]).map(
      ({ path, what, fix }) => `${path}: ${what} ${fix}`,
    )
  }
  return []
}

const of = (t: number): number => t
const fine = above('room' as never, of as never, 40)

describe('rules that cannot be meant', () => {
  it('are all told at once, with near names', () => {
    expect(
      faultsOf({
        'no name': { when: fine, run: 'home' },
        sensor: { when: above('rom' as never, of as never, 40), run: 'home' },
        command: { when: fine, run: 'hom' },
        idle: { when: fine },
        both: { when: fine, run: 'home', call: () => {} },
        goal: { when: fine, call: () => {}, goal: 1 },
        cooldown: { when: fine, run: 'home', cooldown: -1 },
        nothing: { run: 'home' },
      }),
    ).toEqual([
      "rules.no name: 'no name' is not a name. Use letters, digits and _, beginning with a letter.",
      "rules.sensor.when: there is no sensor 'rom'. Use room.",
      "rules.command.run: there is no command 'hom'. Use home.",
      'rules.idle: it does nothing. Give it a run or a call.',
      'rules.both: it has a run and a call. Leave one of them out.',
      'rules.goal.goal: only a command has a goal. Leave it out, or name a run.',
      'rules.cooldown.cooldown: -1 s is not a cooldown. Use a finite number of seconds, 0 or more.',
      'rules.nothing.when: it is no condition. Use above, below, inside, outside, stale, health or matches.',
    ])
  })

  it.each<[string, unknown, string]>([
    ['a threshold', above('room' as never, of as never, Number.NaN), 'NaN is not a threshold'],
    ['a hysteresis', above('room' as never, of as never, 1, { hysteresis: -1 }), '-1 is not a distance'],
    ['a duration', above('room' as never, of as never, 1, { forAtLeast: -1 }), '-1 s is not a duration'],
    [
      'an endless hold',
      above('room' as never, of as never, 1, { forAtLeast: Infinity }),
      'Infinity s is not a duration',
    ],
    ['a selector', above('room' as never, 3 as never, 1), 'it has no selector'],
    ['a range', outside('room' as never, of as never, [2, 1]), '[2, 1] is not a range'],
    ['a hysteresis of a range', outside('room' as never, of as never, [0, 2], { hysteresis: 1.5 }), 'Use at most 1'],
    ['an empty health', health('room' as never, []), 'it names no health'],
    ['a health', health('room' as never, 'gone' as never), "there is no health 'gone'"],
    ['a stale sensor without maxAge', stale('room' as never), "'room' has no maxAge, so it is never stale"],
    ['each for a while', matches('room' as never, 1 as never, { each: true, forAtLeast: 1 } as never), 'does not last'],
  ])('%s', (_, when, expected) => {
    const faults = faultsOf({ a: { when, call: () => {} } })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(expected)
  })

  it('a maxAge that no reading can have is a fault of the sensor', () => {
    expect(() => room({ maxAge: -1 }).model.with({})).toThrow('-1 s is not an age')
  })
})

describe('rules of a definition', () => {
  it('stay with it on other hardware and with a rest command, and a later one takes the place of its name', async () => {
    const { sensors, model, home } = room()
    const fired: string[] = []
    const definition = model
      .with({ home })
      .rules({ hot: { when: above('room', (t) => t, 40), call: () => fired.push('old') } })
      .rules({
        hot: { when: above('room', (t) => t, 50), call: () => fired.push('new') },
        warm: { when: above('room', (t) => t, 30), call: () => fired.push('warm') },
      })
      .rest(home)
    const { robot } = await boot(definition.withHardware(definition.hardware), { armed: false })
    sensors.room.say(45, 55)
    expect(fired).toEqual(['warm', 'new'])
    expect(robot.rules().map(({ name }) => name)).toEqual(['hot', 'warm'])
  })

  it('a command may not be called rules', () => {
    const { model, home } = room()
    expect(() => model.with({ rules: home } as never)).toThrow("a robot has 'rules' itself")
  })
})
