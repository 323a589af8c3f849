import { type Schema, TendonError } from 'tendon'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { boot, bootArmed, codeOf, gate, model, never } from './fixture.ts'

const quick = model.command({ run: () => 'done' })
const hang = model.command({ category: 'motion', run: never })
const outcomeCode = async (handle: { result(): Promise<unknown> }): Promise<unknown> => codeOf(await handle.result())

/** A schema that shows itself as asynchronous only for what the definition does not probe it with. */
const asyncLater: Schema<string> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => (value === 'later' ? Promise.resolve({ value: 'later' }) : { value: String(value) }),
  },
}

describe('admission', () => {
  it('judges the goal before the state, and the state before the seats', async () => {
    const strict = model.command({ goal: z.object({ n: z.number() }), category: 'pair', run: never })
    const other = model.command({ category: 'pair', run: never })
    const { robot, now } = await boot(model.with({ strict, other }), { limits: { maxRuns: 1 } })
    expect(await outcomeCode(robot.execute('strict', { n: 'x' }))).toBe('TENDON_GOAL_INVALID')
    expect(await outcomeCode(robot.strict({ n: 1 }))).toBe('TENDON_DISARMED')
    await now(robot.arm())
    robot.strict({ n: 1 })
    expect(await outcomeCode(robot.other())).toBe('TENDON_TOO_MANY_RUNS')
  })

  it('names the state and the way out in each refusal of a state', async () => {
    const { robot, now } = await boot(model.with({ quick, record: model.setState('recording') }))
    const refusal = async () => {
      const outcome = await robot.quick().result()
      if (outcome.status !== 'refused') throw new Error('it was admitted')
      return outcome.error
    }
    expect(await refusal()).toMatchObject({ code: 'TENDON_DISARMED', fix: 'await robot.arm()' })
    await now(robot.stop({ by: 'test', reason: 'to see' }))
    expect(await refusal()).toMatchObject({ code: 'TENDON_LATCHED', facts: { by: 'test', reason: 'to see' } })
    robot.reset()
    await now(robot.arm())
    await now(robot.record().result())
    expect(await refusal()).toMatchObject({ code: 'TENDON_STATE_NOT_ALLOWED', facts: { state: 'recording' } })
    await now(robot.close())
    expect(await refusal()).toMatchObject({ code: 'TENDON_CLOSED' })
  })

  it('refuses everything new while it retires', async () => {
    const opening = gate()
    const rest = model.command({ run: () => opening.opening })
    const { robot, clock } = await bootArmed(model.with({ rest, quick }).rest(rest))
    const retired = robot.retire()
    await clock.settle()
    expect(await outcomeCode(robot.quick())).toBe('TENDON_RETIRING')
    opening.open()
    await clock.run(retired)
    expect(robot.safety.state).toBe('disarmed')
  })

  it('tells near names of an unknown command, and runs nothing', async () => {
    const { robot } = await bootArmed(model.with({ quick }))
    const outcome = await robot.execute('quik').result()
    expect(outcome).toMatchObject({
      status: 'refused',
      error: { code: 'TENDON_UNKNOWN_COMMAND', facts: { near: ['quick'] } },
    })
  })

  it('finds no command in names that every object has', async () => {
    const { robot } = await bootArmed(model.with({ quick }))
    for (const name of ['constructor', '__proto__', 'toString', 'arm', ''])
      expect(await outcomeCode(robot.execute(name))).toBe('TENDON_UNKNOWN_COMMAND')
  })

  it('refuses an asynchronous goal schema when the robot is defined', () => {
    const goal = z.string().refine(async () => true)
    expect(() => model.with({ slow: model.command({ goal, run() {} }) })).toThrow(/goal_schema_async/)
  })

  it('refuses a goal whose schema turns out asynchronous only when it runs', async () => {
    const { robot } = await bootArmed(model.with({ slow: model.command({ goal: asyncLater, run() {} }) }))
    expect(await outcomeCode(robot.execute('slow', 'later'))).toBe('TENDON_GOAL_SCHEMA_ASYNC')
    expect((await robot.execute('slow', 'now').result()).status).toBe('succeeded')
  })

  it('makes a refusal of what a goal schema or a claims function throws', async () => {
    const broken = (): never => {
      throw new Error('broken')
    }
    const goal: Schema<string> = { '~standard': { version: 1, vendor: 'test', validate: broken } }
    const bad = { ...model.command({ run() {} }) }
    const { robot } = await bootArmed(
      model.with({
        schema: model.command({ goal, run() {} }),
        claims: model.command({ claims: broken, run() {} }),
        bad,
      }),
    )
    expect(await outcomeCode(robot.execute('schema', 1))).toBe('TENDON_GOAL_INVALID')
    expect(await outcomeCode(robot.claims())).toBe('TENDON_BODY_THREW')
    expect(robot.category('default').taken).toBe(0)
  })

  it('refuses claims that no declaration knows, with the near names', async () => {
    const claims = () => ['lmap'] as never
    const { robot } = await bootArmed(model.with({ light: model.command({ claims, run() {} }) }))
    const outcome = await robot.light().result()
    expect(outcome).toMatchObject({ status: 'refused', error: { code: 'TENDON_GOAL_INVALID' } })
    if (outcome.status === 'refused') expect(outcome.error.what).toContain('lamp')
  })

  it('hands the body the goal as the schema made it, and keeps the goal as it was given', async () => {
    const goal = z.object({ n: z.number().default(7) })
    const echo = model.command({ goal, run: ({ goal: { n } }) => n })
    const { robot } = await bootArmed(model.with({ echo }))
    const handle = robot.echo({})
    expect(await handle.value()).toBe(7)
    expect(robot.log.entries().find(({ type }) => type === 'started')).toMatchObject({ goal: {} })
  })

  it('bounds the bodies that were cut off and have not returned, and takes more when they have', async () => {
    const body = gate()
    const stubborn = model.command({ category: 'pair', run: () => body.opening })
    const { robot, now, clock } = await bootArmed(model.with({ stubborn, quick }), { limits: { maxAbandoned: 2 } })
    for (let i = 0; i < 2; i++) {
      const handle = robot.stubborn()
      await clock.settle()
      await now(handle.cancel())
    }
    expect(await outcomeCode(robot.quick())).toBe('TENDON_TOO_MANY_ABANDONED')
    body.open()
    await clock.settle()
    expect((await robot.quick().result()).status).toBe('succeeded')
  })
})

describe('a refused command', () => {
  it('leaves its would-be victim’s event list byte-equal, no slot, no claim, no timer, and one record', async () => {
    const strong = model.command({ category: 'motion', priority: 5, claims: ['lamp'], run: never })
    const weak = model.command({ category: 'motion', claims: ['lamp', 'tray'], run: never })
    const { robot, clock, eventsOf, now } = await bootArmed(model.with({ strong, weak, hang }))
    const victim = robot.strong()
    await clock.settle()
    const before = JSON.stringify(eventsOf(victim))
    const [pending, seq] = [clock.pending, robot.log.seq]
    const refused = robot.weak()
    expect(await outcomeCode(refused)).toBe('TENDON_OUTRANKED')
    await clock.settle()
    expect(JSON.stringify(eventsOf(victim))).toBe(before)
    expect([clock.pending, robot.log.seq]).toEqual([pending, seq + 1])
    expect(eventsOf(refused)).toMatchObject([{ type: 'refused', problem: { code: 'TENDON_OUTRANKED' } }])
    expect(robot.category('motion').taken).toBe(1)
    expect(robot.runs().map(({ id }) => id)).toEqual([victim.id])
    await now(victim.cancel())
    await now(robot.cancel({ all: true }))
  })

  it('of many victims harms none when one of them cannot be displaced', async () => {
    const soft = model.command({ category: 'pair', claims: ['lamp'], run: never })
    const hard = model.command({ category: 'pair', claims: ['tray'], priority: 1, run: never })
    const both = model.command({ category: 'motion', claims: ['lamp', 'tray'], run: never })
    const { robot, clock } = await bootArmed(model.with({ soft, hard, both }))
    const [a, b] = [robot.soft(), robot.hard()]
    await clock.settle()
    expect(await outcomeCode(robot.both())).toBe('TENDON_OUTRANKED')
    await clock.settle()
    expect([a.status, b.status]).toEqual(['running', 'running'])
  })

  it('tells a script that asked for a value why there is none', async () => {
    const { robot } = await boot(model.with({ quick }))
    await expect(robot.quick().value()).rejects.toThrow(TendonError)
    await expect(robot.quick().value()).rejects.toMatchObject({ code: 'TENDON_DISARMED' })
  })

  it('can be canceled, awaited and iterated like any other', async () => {
    const { robot } = await boot(model.with({ quick }))
    const handle = robot.quick()
    const seen: unknown[] = []
    for await (const value of handle.feedback) seen.push(value)
    expect([handle.status, (await handle.cancel()).status, seen]).toEqual(['ended', 'refused', []])
  })
})
