import { defaultLimits, deg, memoryStorage } from 'tendon'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'
import { EventLog } from '../../src/log/event-log.ts'
import { ParameterStore } from '../../src/params/store.ts'
import { boot, codeOf, rejectionOf } from '../kernel/fixture.ts'
import { desk, documentIn, failingStorage, PLACE, parameters, problemOf, slowStorage, stored } from './fixture.ts'

describe('a parameter that is set', () => {
  it('is in force and stored when set resolves, and is there after a restart', async () => {
    const storage = memoryStorage()
    const first = await boot(desk, { storage })
    expect(first.robot.parameters.get('reach')).toBe(deg(30))
    await first.now(first.robot.parameters.set('reach', deg(45)))
    expect(first.robot.parameters.get('reach')).toBe(deg(45))
    expect((await documentIn(storage)).values).toEqual({ reach: deg(45) })
    await first.now(first.robot.close())
    const second = await boot(desk, { storage })
    expect(second.robot.parameters.get('reach')).toBe(deg(45))
  })

  it('that goes back to its default is forgotten by the storage, and follows the definition again', async () => {
    const storage = memoryStorage()
    const { robot, now } = await boot(desk, { storage })
    await now(robot.parameters.set('cruise', 1))
    expect(robot.parameters.all().find(({ name }) => name === 'cruise')).toMatchObject({ value: 1, changed: true })
    await now(robot.parameters.reset('cruise'))
    expect(robot.parameters.get('cruise')).toBe(0.5)
    expect(robot.parameters.all().find(({ name }) => name === 'cruise')).toMatchObject({ changed: false })
    expect((await documentIn(storage)).values).toEqual({})
  })

  it('is one event with who and why, recorded before set resolves', async () => {
    const { robot, now } = await boot(desk)
    await now(robot.parameters.set('pace', 'fast', { by: 'ui', reason: 'in a hurry' }))
    await now(robot.parameters.reset('pace'))
    await now(robot.parameters.set('pace', 'slow'))
    expect(robot.log.entries().filter(({ type }) => type === 'parameter')).toMatchObject([
      { name: 'pace', from: 'slow', to: 'fast', by: 'ui', reason: 'in a hurry' },
      { name: 'pace', from: 'fast', to: 'slow', by: 'caller', reason: 'reset' },
    ])
  })

  it('tells its own listeners and those of all, until they are taken away or the robot closes', async () => {
    const { robot, now, clock } = await boot(desk)
    const heard: string[] = []
    const off = robot.parameters.on('cruise', ({ from, to }) => heard.push(`cruise ${from} ${to}`))
    robot.parameters.onAny(({ name, to }) => heard.push(`any ${name} ${to}`))
    await now(robot.parameters.set('cruise', 0.25))
    await now(robot.parameters.set('quiet', true))
    await clock.settle()
    off()
    await now(robot.parameters.set('cruise', 1))
    await now(robot.close())
    expect(heard).toEqual(['cruise 0.5 0.25', 'any cruise 0.25', 'any quiet true', 'any cruise 1'])
    robot.parameters.onAny(() => heard.push('after the end'))()
  })

  it('leaves no listener in the log behind when its robot has closed', async () => {
    const clock = new VirtualClock()
    const log = new EventLog(clock, 16)
    const store = new ParameterStore({
      robot: 'desk',
      specs: parameters,
      storage: memoryStorage(),
      clock,
      log,
      limits: defaultLimits,
      tell: () => log.publish(),
    })
    for (let i = 0; i < 3; i++) store.onAny(() => {})
    store.on('cruise', () => {})()
    expect(log.listeners).toBe(3)
    await store.close()
    store.end()
    store.onAny(() => {})
    expect(log.listeners).toBe(0)
  })

  it('does not wait for a listener that throws, and the others hear of it', async () => {
    const { robot, now, clock } = await boot(desk)
    const heard: unknown[] = []
    robot.parameters.on('quiet', () => {
      throw new Error('no')
    })
    robot.parameters.on('quiet', ({ to }) => heard.push(to))
    await now(robot.parameters.set('quiet', true))
    await clock.settle()
    expect(heard).toEqual([true])
  })
})

describe('a value that a parameter does not take', () => {
  it.each<[string, unknown, RegExp]>([
    ['reach', deg(91), /is 91 deg, above its maximum 90 deg/],
    ['reach', -0.1, /below its minimum 0 deg/],
    ['cruise', Number.NaN, /must be a finite number, and is NaN/],
    ['cruise', Number.POSITIVE_INFINITY, /must be a finite number/],
    ['cruise', '0.5', /must be a number, and is 0.5/],
    ['cruise', null, /must be a number, and is null/],
    ['retries', 2.5, /must be a whole number, and is 2.5 times/],
    ['quiet', 'true', /must be true or false/],
    ['pace', 'faster', /must be slow or fast, and is faster/],
    ['label', 'UPPER CASE', /has 10 characters, and may have 8; it does not match/],
  ])('%s = %j is refused before anything is stored, with all that is wrong', async (name, value, what) => {
    const { storage, writes } = slowStorage()
    const { robot } = await boot(desk, { storage })
    const before = robot.parameters.all()
    const found = await problemOf(robot.parameters.set(name as 'reach', value as number))
    expect(found).toMatchObject({ code: 'TENDON_PARAMETER_INVALID', power: 'unchanged', facts: { name, value } })
    expect(found.what).toMatch(what)
    expect(robot.parameters.all()).toEqual(before)
    expect(writes).toHaveLength(0)
  })

  it('an unknown name is refused with the near ones, in every call', async () => {
    const { robot } = await boot(desk)
    const loose = robot.parameters as unknown as { set(n: string, v: number): Promise<void>; get(n: string): unknown }
    const found = await problemOf(loose.set('cruse', 1))
    expect(found).toMatchObject({ code: 'TENDON_UNKNOWN_PARAMETER', facts: { near: ['cruise'] } })
    expect(() => loose.get('constructor')).toThrow(/TENDON_UNKNOWN_PARAMETER/)
    expect(() => robot.parameters.on('paec' as 'pace', () => {})).toThrow(/TENDON_UNKNOWN_PARAMETER/)
    expect(() => robot.parameters.parse('paec' as 'pace', 'slow')).toThrow(/TENDON_UNKNOWN_PARAMETER/)
    expect(codeOf(await rejectionOf(robot.parameters.reset('paec' as 'pace')))).toBe('TENDON_UNKNOWN_PARAMETER')
  })
})

describe('while the storage is slow', () => {
  it('the value from before is in force, until the new one is stored', async () => {
    const { storage, writes } = slowStorage()
    const { robot, clock } = await boot(desk, { storage })
    const setting = robot.parameters.set('cruise', 1)
    await clock.settle()
    expect([robot.parameters.get('cruise'), writes.length]).toEqual([0.5, 1])
    await writes[0]?.land()
    await setting
    expect(robot.parameters.get('cruise')).toBe(1)
  })

  it('changes that wait go into one write, in their order, and each is told', async () => {
    const { storage, writes, kept } = slowStorage()
    const { robot, clock } = await boot(desk, { storage })
    const settings = [0.2, 0.3, 0.4, 0.5, 0.6].map((value) => robot.parameters.set('cruise', value))
    const other = robot.parameters.set('quiet', true)
    await clock.settle()
    expect(writes).toHaveLength(1)
    await writes[0]?.land()
    await settings[0]
    await clock.settle()
    expect([robot.parameters.get('cruise'), writes.length]).toEqual([0.2, 2])
    await writes[1]?.land()
    await Promise.all([...settings, other])
    expect(writes).toHaveLength(2)
    expect(robot.parameters.get('cruise')).toBe(0.6)
    expect((await documentIn(kept)).values).toEqual({ cruise: 0.6, quiet: true })
    const changes = robot.log.entries().filter((event) => event.type === 'parameter')
    expect(changes.map(({ to }) => to)).toEqual([0.2, 0.3, 0.4, 0.5, 0.6, true])
  })

  it('a change asked for by who was just answered is stored too', async () => {
    const { robot, now } = await boot(desk)
    const twice = async (): Promise<void> => {
      await robot.parameters.set('cruise', 0.2)
      await robot.parameters.set('cruise', 0.3)
      await robot.parameters.set('cruise', 0.3)
      await robot.parameters.set('cruise', 0.4)
    }
    await now(twice())
    expect(robot.parameters.get('cruise')).toBe(0.4)
  })

  it('at most limits.parameterQueue changes wait; one more is refused, and changes nothing', async () => {
    const { storage, writes } = slowStorage()
    const { robot, clock } = await boot(desk, { storage, limits: { parameterQueue: 3 } })
    const under = [1, 2, 3, 4].map((value) => robot.parameters.set('retries', value))
    const found = await problemOf(robot.parameters.set('retries', 5))
    expect(found).toMatchObject({ code: 'TENDON_PARAMETER_STORE_FAILED' })
    expect(found.what).toContain('3 changes are waiting')
    await clock.settle()
    await writes[0]?.land()
    await clock.settle()
    await writes[1]?.land()
    await Promise.all(under)
    expect(robot.parameters.get('retries')).toBe(4)
  })

  it('a write beyond limits.storageTimeout is a failed one, and lands before the next, not after it', async () => {
    const { storage, writes, kept } = slowStorage()
    const { robot, clock, now } = await boot(desk, { storage, limits: { storageTimeout: 2 } })
    const late = problemOf(robot.parameters.set('cruise', 1))
    await clock.advance(2)
    expect(await late).toMatchObject({ code: 'TENDON_PARAMETER_STORE_FAILED' })
    expect((await late).what).toContain('did not answer within 2 s')
    expect(robot.parameters.get('cruise')).toBe(0.5)
    // While that write hangs no other is begun, and nobody waits for longer than the bound.
    const second = problemOf(robot.parameters.set('pace', 'fast'))
    await clock.advance(4)
    expect(await second).toMatchObject({ code: 'TENDON_PARAMETER_STORE_FAILED' })
    await clock.advance(60)
    expect(writes).toHaveLength(1)
    // It lands at last: what it brought was never acknowledged, and is written over.
    await writes[0]?.land()
    await clock.settle()
    expect(writes).toHaveLength(2)
    await writes[1]?.land()
    await clock.settle()
    expect((await documentIn(kept)).values).toEqual({})
    const third = robot.parameters.set('cruise', 0.75)
    await clock.settle()
    await writes[2]?.land()
    await now(third)
    expect((await documentIn(kept)).values).toEqual({ cruise: 0.75 })
  })

  it('close finishes the write under way and refuses what waits behind it', async () => {
    const { storage, writes } = slowStorage()
    const { robot, clock, now } = await boot(desk, { storage })
    const first = robot.parameters.set('cruise', 1)
    const second = problemOf(robot.parameters.set('cruise', 0.2))
    await clock.settle()
    const closing = robot.close()
    expect(await now(second)).toMatchObject({ code: 'TENDON_CLOSED' })
    await writes[0]?.land()
    await now(first)
    await now(closing)
    expect(writes).toHaveLength(1)
    expect(await problemOf(robot.parameters.set('cruise', 0.3))).toMatchObject({ code: 'TENDON_CLOSED' })
  })

  it('close waits no longer for a storage that hangs than its bound', async () => {
    const { storage } = slowStorage()
    const { robot, clock, now } = await boot(desk, { storage, limits: { storageTimeout: 2 } })
    const hanging = problemOf(robot.parameters.set('cruise', 1))
    await clock.settle()
    const before = clock.now()
    await now(robot.close())
    expect(clock.now() - before).toBeLessThanOrEqual(2)
    expect((await hanging).code).toBe('TENDON_PARAMETER_STORE_FAILED')
  })
})

describe('when the storage fails', () => {
  it('set rejects with the reason, and the value from before is in force and stored', async () => {
    const { storage, failing, kept } = failingStorage({ [PLACE]: stored({ cruise: 0.2 }) })
    const { robot, now } = await boot(desk, { storage })
    failing.writes = 1
    const found = await now(problemOf(robot.parameters.set('cruise', 1)))
    expect(found).toMatchObject({ code: 'TENDON_PARAMETER_STORE_FAILED', facts: { name: 'cruise', value: 1 } })
    expect(found.what).toContain('ENOSPC')
    expect(robot.parameters.get('cruise')).toBe(0.2)
    expect((await documentIn(kept)).values).toEqual({ cruise: 0.2 })
    expect(robot.log.entries().filter(({ type }) => type === 'parameter')).toEqual([])
  })

  it('a write that failed and was made all the same is taken back', async () => {
    const { storage, failing, kept } = failingStorage({ [PLACE]: stored({ cruise: 0.2 }) })
    const { robot, now, clock } = await boot(desk, { storage })
    Object.assign(failing, { writes: 1, writesAllTheSame: true })
    await now(problemOf(robot.parameters.set('cruise', 1)))
    await clock.settle()
    expect((await documentIn(kept)).values).toEqual({ cruise: 0.2 })
  })

  it('it is tried once more and not for ever, and the next change brings it in order', async () => {
    const { storage, failing, kept } = failingStorage({ [PLACE]: stored({ cruise: 0.2 }) })
    const { robot, now, clock } = await boot(desk, { storage })
    Object.assign(failing, { writes: 2, writesAllTheSame: true })
    await now(problemOf(robot.parameters.set('cruise', 1)))
    await clock.settle()
    expect(failing.writes).toBe(0)
    await now(robot.parameters.set('quiet', true))
    expect((await documentIn(kept)).values).toEqual({ cruise: 0.2, quiet: true })
  })
})
