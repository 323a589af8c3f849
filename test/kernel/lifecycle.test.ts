import { Interrupted } from 'tendon'
import { describe, expect, it } from 'vitest'
import { installProcessHandlers, type ProcessPort } from '../../src/runtime/process-handlers.ts'
import { arm, bootArm } from './arm-fixture.ts'
import { boot, bootArmed, codeOf, gate, model, never, rejectionOf } from './fixture.ts'

const quick = model.command({ category: 'motion', run: () => 'ran' })
const stuck = model.command({ category: 'many', run: never })
const codes = (verdict: { armed: boolean; problems?: readonly { code: string }[] }) =>
  verdict.armed ? 'armed' : verdict.problems?.map(({ code }) => code)

describe('arming', () => {
  it('leads from disarmed to the initial state, and a second call joins the first', async () => {
    const { robot, now } = await boot(model.with({ quick }))
    expect([robot.state, robot.safety]).toEqual(['disarmed', { state: 'disarmed' }])
    const [a, b] = [robot.arm(), robot.arm()]
    expect(robot.safety.state).toBe('arming')
    expect(await now(Promise.all([a, b]))).toEqual([{ armed: true }, { armed: true }])
    expect([robot.state, await robot.arm()]).toEqual(['idle', { armed: true }])
  })

  it('runs the self-check first, in a slot of its own and before anything is powered', async () => {
    const seen: unknown[] = []
    const check = arm.command({
      category: 'motion',
      claims: ['pan'],
      async run(ctx) {
        seen.push(ctx.state)
        await ctx.joints.moveTo({ pan: 0.5 }).catch((error) => seen.push(codeOf(error)))
      },
    })
    const { robot } = await bootArm(arm.with({ check }).selfCheck(check))
    expect([seen, robot.state]).toEqual([['disarmed', 'TENDON_NOT_ARMED'], 'idle'])
  })

  it('is refused by a self-check that fails, and by one that is stopped', async () => {
    const body = gate()
    const check = model.command({ run: () => body.opening })
    const { robot, clock, now } = await boot(model.with({ check }).selfCheck(check))
    const first = robot.arm()
    await clock.settle()
    void robot.stop()
    expect(codes(await now(first))).toEqual(['TENDON_ARM_ABORTED'])
    robot.reset()
    await clock.advance(1)
    const second = robot.arm()
    body.fail(new Error('out of range'))
    expect(codes(await now(second))).toEqual(['TENDON_SELF_CHECK_FAILED'])
    expect(robot.safety.state).toBe('disarmed')
  })

  it('waits for nobody: while runs of before are stopping it is refused and names them', async () => {
    const { robot, clock, now } = await bootArmed(model.with({ stuck }))
    const handle = robot.stuck()
    await clock.settle()
    await now(robot.disarm())
    expect(handle.status).toBe('stopping')
    const verdict = await now(robot.arm())
    expect(verdict).toMatchObject({
      armed: false,
      problems: [{ code: 'TENDON_RUNS_STOPPING', facts: { runs: [handle.id] } }],
    })
    await now(handle.result())
    expect(codes(await now(robot.arm()))).toBe('armed')
  })

  it('is broken off by a disarm, which is never refused', async () => {
    const { robot, now } = await boot(model.with({}))
    const arming = robot.arm()
    const verdict = robot.disarm()
    expect(robot.safety.state).toBe('disarming')
    expect(codes(await now(robot.arm()))).toEqual(['TENDON_ARM_ABORTED'])
    expect(codes(await now(arming))).toEqual(['TENDON_ARM_ABORTED'])
    expect((await now(verdict)).confirmed).toBe(true)
    expect(robot.safety.state).toBe('disarmed')
  })
})

describe('disarm', () => {
  it.each(['idle', 'recording', 'playback'] as const)(
    'works from %s, at once, and loses a custom state',
    async (state) => {
      const { robot, now } = await bootArmed(
        model.with({ go: model.setState('recording'), play: model.setState('playback') }),
      )
      if (state === 'recording') await now(robot.go().result())
      if (state === 'playback') await now(robot.play().result())
      expect(robot.state).toBe(state)
      const verdict = robot.disarm()
      expect([robot.state, robot.safety.state]).toEqual(['disarmed', 'disarming'])
      expect(await now(verdict)).toEqual({ confirmed: true, joints: [] })
      await now(robot.arm())
      expect(robot.state).toBe('idle')
    },
  )

  it('ends runs, but not those without joints that say that they go on', async () => {
    const logging = model.command({ category: 'many', onSafety: 'continue', run: ({ sleep }) => sleep(3) })
    const { robot, clock, now } = await bootArmed(model.with({ logging, stuck }))
    const [goesOn, ends] = [robot.logging(), robot.stuck()]
    await clock.settle()
    await now(robot.disarm())
    expect(goesOn.status).toBe('running')
    expect(await now(ends.result())).toMatchObject({ status: 'canceled', reason: 'safety' })
    expect(await now(goesOn.result())).toMatchObject({ status: 'succeeded' })
  })

  it('is done while every category is full, and asks no body', async () => {
    const { robot, clock, now } = await bootArmed(model.with({ stuck }))
    for (let i = 0; i < 50; i++) robot.stuck()
    await clock.settle()
    const begin = clock.now()
    expect((await now(robot.disarm())).confirmed).toBe(true)
    expect(clock.now() - begin).toBeLessThan(0.1)
  })

  it('twice has one verdict, and is done again', async () => {
    const { robot, now } = await bootArmed(model.with({}))
    const [a, b] = await now(Promise.all([robot.disarm(), robot.disarm()]))
    expect(a).toBe(b)
    expect((await now(robot.disarm())).confirmed).toBe(true)
  })
})

describe('stop', () => {
  it('latches: motion takes three separate acts after it', async () => {
    const { robot, now } = await bootArmed(model.with({ quick }))
    await now(robot.stop({ by: 'red button', reason: 'a hand' }))
    expect(robot.safety).toMatchObject({ state: 'disarmed', latch: { by: 'red button', reason: 'a hand' } })
    expect(codes(await now(robot.arm()))).toEqual(['TENDON_LATCHED'])
    expect(codeOf(await robot.quick().result())).toBe('TENDON_LATCHED')
    robot.reset()
    expect(codeOf(await robot.quick().result())).toBe('TENDON_DISARMED')
    await now(robot.arm())
    expect(await robot.quick().value()).toBe('ran')
  })

  it('is legal in every state: disarmed, arming, armed, disarming, closed', async () => {
    const { robot, now } = await boot(model.with({}))
    const acts: (() => unknown)[] = [
      () => undefined,
      () => void robot.arm(),
      () => now(robot.arm()),
      () => void robot.disarm(),
      () => now(robot.close()),
    ]
    for (const act of acts) {
      robot.reset()
      await act()
      expect((await now(robot.stop())).confirmed).toBe(true)
      expect(robot.safety.state).toBe('disarmed')
    }
  })

  it('keeps the first one’s words while the latch stands', async () => {
    const { robot, now } = await bootArmed(model.with({}))
    await now(robot.stop({ by: 'first', reason: 'one' }))
    await now(robot.stop({ by: 'second', reason: 'two' }))
    expect(robot.safety.latch).toMatchObject({ by: 'first', reason: 'one' })
  })

  it('is not lifted by a disarm, an acknowledgement or an arm; only by reset', async () => {
    const { robot, now } = await bootArmed(model.with({}))
    await now(robot.stop())
    await now(robot.disarm())
    await now(robot.acknowledge())
    await now(robot.arm())
    expect(robot.safety.latch).toBeDefined()
    robot.reset({ by: 'me' })
    expect(robot.safety).toEqual({ state: 'disarmed' })
  })
})

describe('fault', () => {
  it('comes of a servo that does not confirm, names it and no other, and only an acknowledgement leads out', async () => {
    const { robot, sim, now } = await bootArm(arm.with({}))
    sim.faults.silence('jaw')
    const verdict = await now(robot.disarm())
    expect(verdict.confirmed).toBe(false)
    expect(verdict.joints.map(({ joint, verdict: found }) => [joint, found])).toEqual([
      ['pan', 'off'],
      ['lift', 'off'],
      ['jaw', 'not_confirmed'],
    ])
    expect(robot.safety.state).toBe('fault')
    expect(codes(await now(robot.arm()))).toEqual(['TENDON_IN_FAULT'])
    expect((await now(robot.disarm())).confirmed).toBe(false)
    expect((await now(robot.acknowledge())).confirmed).toBe(false)
    expect(robot.safety.state).toBe('fault')
    sim.faults.clear()
    expect((await now(robot.disarm())).confirmed).toBe(true)
    expect(robot.safety.state).toBe('fault')
    expect((await now(robot.acknowledge({ by: 'me' }))).confirmed).toBe(true)
    expect(robot.safety.state).toBe('disarmed')
  })

  it('of a lost bus fails the runs that move its joints, and stops the others', async () => {
    const move = arm.moveTo({ category: 'motion' })
    const idle = arm.command({ category: 'sensing', run: never })
    const { robot, sim, clock, now } = await bootArm(arm.with({ move, idle }))
    const [moving, other] = [robot.move({ pan: 1.5 }), robot.idle()]
    await clock.advance(0.3)
    sim.faults.unplug()
    expect(await now(moving.result())).toMatchObject({ status: 'failed', error: { code: 'TENDON_HARDWARE_LOST' } })
    expect(await now(other.result())).toMatchObject({ status: 'canceled', reason: 'safety' })
    expect(robot.safety.state).toBe('fault')
  })

  it('while disarming keeps the verdict honest and needs an acknowledgement', async () => {
    const { robot, sim, clock, now } = await bootArm(arm.with({}))
    const disarming = robot.disarm()
    await clock.advance(0.005)
    sim.faults.unplug()
    expect((await now(disarming)).confirmed).toBe(false)
    expect(robot.safety.state).toBe('fault')
  })
})

describe('retire', () => {
  it('ends what runs, goes to rest while armed, and disarms', async () => {
    const order: string[] = []
    const rest = model.command({ category: 'motion', run: ({ state }) => void order.push(`rest in ${state}`) })
    const working = model.command({
      category: 'motion',
      run: ({ sleep }) => sleep(90).finally(() => order.push('work ended')),
    })
    const { robot, clock, now } = await bootArmed(model.with({ rest, working }).rest(rest))
    const handle = robot.working()
    await clock.settle()
    expect((await now(robot.retire())).confirmed).toBe(true)
    expect([order, robot.safety.state]).toEqual([['work ended', 'rest in idle'], 'disarmed'])
    expect(handle.outcome).toMatchObject({ status: 'canceled', reason: 'requested' })
  })

  it('leaves alone what goes on after a disarm, too, and does not wait for it', async () => {
    const rest = model.command({ run() {} })
    const logging = model.command({ category: 'many', onSafety: 'continue', run: ({ sleep }) => sleep(30) })
    const { robot, clock, now } = await bootArmed(model.with({ rest, logging }).rest(rest))
    const handle = robot.logging()
    await clock.settle()
    const begin = clock.now()
    await now(robot.retire())
    expect([handle.status, clock.now() - begin < 1]).toEqual(['running', true])
  })

  it('disarms when the rest command takes longer than its cap', async () => {
    const rest = model.command({ deadline: 'none', run: never })
    const { robot, clock, now } = await bootArmed(model.with({ rest }).rest(rest), { limits: { retireCap: 4 } })
    const begin = clock.now()
    expect((await now(robot.retire())).confirmed).toBe(true)
    expect(clock.now() - begin).toBeLessThan(5)
    expect(robot.safety.state).toBe('disarmed')
  })

  it('is overtaken by a stop', async () => {
    const rest = model.command({ run: ({ sleep }) => sleep(10) })
    const { robot, clock, now } = await bootArmed(model.with({ rest }).rest(rest))
    const retiring = robot.retire()
    await clock.advance(1)
    await now(robot.stop())
    expect(robot.safety).toMatchObject({ state: 'disarmed', latch: {} })
    await now(retiring)
  })

  it('in the middle of which the robot closes has the verdict of the close', async () => {
    const rest = arm.command({ category: 'motion', claims: ['pan'], run: ({ joints }) => joints.moveTo({ pan: 1 }) })
    const { robot, clock, now } = await bootArm(arm.with({ rest }).rest(rest))
    const retiring = robot.retire()
    await clock.advance(0.2)
    const [retired, closed] = await now(Promise.all([retiring, robot.close()]))
    expect([retired.confirmed, closed.confirmed, robot.safety.state]).toEqual([true, true, 'disarmed'])
    expect(robot.log.entries().filter(({ type }) => type === 'fault')).toEqual([])
  })

  it('twice is once', async () => {
    const { robot, now } = await bootArmed(model.with({ quick }))
    const [a, b] = await now(Promise.all([robot.retire(), robot.retire()]))
    expect(a).toBe(b)
  })
})

describe('close', () => {
  it('disarms, ends every run, and leaves no timer, seat or listener', async () => {
    const logging = model.command({ category: 'many', onSafety: 'continue', run: ({ sleep }) => sleep(500) })
    const waiting = model.command({ category: 'line', run: never })
    const { robot, clock, now } = await bootArmed(model.with({ logging, waiting, stuck }))
    const handles = [robot.logging(), robot.waiting(), robot.waiting(), robot.stuck()]
    await clock.settle()
    expect((await now(robot.close())).confirmed).toBe(true)
    expect(handles.map(({ outcome }) => outcome)).toMatchObject(
      handles.map(() => ({ status: 'canceled', reason: 'shutdown' })),
    )
    await clock.settle()
    expect([clock.pending, robot.runs(), robot.safety.state]).toEqual([0, [], 'disarmed'])
  })

  it('twice is once, and everything after it is refused or a verdict', async () => {
    const { robot, now } = await bootArmed(model.with({ quick }))
    const [a, b] = await now(Promise.all([robot.close(), robot.close()]))
    expect(a).toBe(b)
    expect(codeOf(await robot.quick().result())).toBe('TENDON_CLOSED')
    expect(codes(await now(robot.arm()))).toEqual(['TENDON_CLOSED'])
    expect((await now(robot.retire())).confirmed).toBe(true)
  })

  it('takes the power of every servo, also in mid-motion', async () => {
    const move = arm.moveTo({ category: 'motion' })
    const { robot, clock, now, powered, still } = await bootArm(arm.with({ move }))
    robot.move({ pan: 1.5 })
    await clock.advance(0.5)
    expect([powered(), still()]).toEqual([['pan', 'lift', 'jaw'], false])
    await now(robot.close())
    expect([powered(), still()]).toEqual([[], true])
  })

  it('by `await using` throws when power could not be confirmed off', async () => {
    const { robot, sim, now } = await bootArm(arm.with({}))
    sim.faults.silence('lift')
    const use = async () => {
      await using held = robot
      return held.state
    }
    expect(await rejectionOf(now(use()))).toMatchObject({
      code: 'TENDON_DISARM_NOT_CONFIRMED',
      problem: { power: 'unknown', facts: { joints: ['lift'] } },
    })
  })
})

describe('process handlers', () => {
  class FakeProcess implements ProcessPort {
    readonly exits: number[] = []
    readonly listeners = new Map<string, ((...args: unknown[]) => void)[]>()
    text = ''
    readonly stderr = {
      write: (text: string): void => {
        this.text += text
      },
    }
    on(event: string, listener: (...args: unknown[]) => void): void {
      this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener])
    }
    off(event: string, listener: (...args: unknown[]) => void): void {
      this.listeners.set(
        event,
        (this.listeners.get(event) ?? []).filter((other) => other !== listener),
      )
    }
    exit(code: number): void {
      this.exits.push(code)
    }
    emit(event: string, ...args: unknown[]): void {
      for (const listener of this.listeners.get(event) ?? []) listener(...args)
    }
    get count(): number {
      return [...this.listeners.values()].flat().length
    }
  }

  it('are there only when asked for, and gone after close', async () => {
    const port = new FakeProcess()
    const { robot, now } = await boot(model.with({}), { process: port })
    expect(port.count).toBe(4)
    await now(robot.close())
    expect(port.count).toBe(0)
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('retire and exit on %s with %i', async (signal, code) => {
    const port = new FakeProcess()
    let rested = false
    const rest = model.command({
      run: () => {
        rested = true
      },
    })
    const { robot, clock } = await bootArmed(model.with({ rest }).rest(rest), { process: port })
    port.emit(signal)
    await clock.advance(2)
    expect([rested, port.exits, robot.safety.state, port.count]).toEqual([true, [code], 'disarmed', 0])
  })

  it('stop at once on a second SIGINT, without waiting for the way to rest', async () => {
    const port = new FakeProcess()
    const rest = model.command({ run: ({ sleep }) => sleep(15) })
    const { robot, clock } = await bootArmed(model.with({ rest }).rest(rest), { process: port })
    port.emit('SIGINT')
    await clock.advance(1)
    expect(port.exits).toEqual([])
    port.emit('SIGINT')
    expect(robot.safety).toMatchObject({ state: 'disarming', latch: { by: 'process' } })
    await clock.advance(1)
    expect(port.exits[0]).toBe(130)
  })

  it.each(['uncaughtException', 'unhandledRejection'])(
    'stop before anything else on %s, say why, and exit',
    async (event) => {
      const port = new FakeProcess()
      const { robot, clock, powered } = await bootArm(arm.with({}), { options: { process: port } })
      port.emit(event, new Error('the culprit'))
      expect(robot.safety.state).toBe('disarming')
      await clock.advance(5)
      expect([port.exits, powered(), port.text.includes('the culprit')]).toEqual([[70], [], true])
    },
  )

  it('go on when all that was overlooked is that a run was told to end', async () => {
    const port = new FakeProcess()
    const { robot, clock } = await bootArm(arm.with({}), { options: { process: port } })
    port.emit('unhandledRejection', Interrupted.by('requested'))
    await clock.advance(5)
    expect([robot.safety.state, port.exits, port.text]).toEqual(['armed', [], ''])
  })

  it('say by the exit code that power was not confirmed off', async () => {
    const port = new FakeProcess()
    const { sim, clock } = await bootArm(arm.with({}), { options: { process: port } })
    sim.faults.silence('pan')
    port.emit('uncaughtException', new Error('x'))
    await clock.advance(20)
    expect(port.exits).toEqual([75])
  })

  it('survive an error that cannot be shown and a terminal that is gone', () => {
    const port = new FakeProcess()
    let stopped = 0
    const gone = Object.assign(port, {
      stderr: {
        write: (): never => {
          throw new Error('EPIPE')
        },
      },
    })
    installProcessHandlers(gone, {
      retireAndClose: async () => true,
      stopNow: async () => {
        stopped++
        return true
      },
    })
    const hostile = Object.defineProperty(new Error('x'), 'stack', {
      get: () => {
        throw new Error('no stack')
      },
    })
    for (const error of [hostile, Object.create(null), undefined]) port.emit('uncaughtException', error)
    expect(stopped).toBe(3)
  })
})
