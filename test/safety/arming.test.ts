import { describe, expect, test } from 'vitest'
import { sleep } from '../../src/base/clock.ts'
import { deg } from '../../src/base/units.ts'
import { type Fixture, fixture, JOINTS } from '../motion/rig-fixture.ts'

async function opened(options: Parameters<typeof fixture>[0] = {}, prepare: (f: Fixture) => void = () => {}) {
  const f = fixture(options)
  prepare(f)
  await f.clock.run(f.hardware.open())
  return f
}

const arm = (f: Fixture) => f.clock.run(f.hardware.arm(new AbortController().signal))

const anyPower = (f: Fixture): boolean => [...f.bus.servos.values()].some((servo) => servo.powered)

describe('arming', () => {
  test('powers every joint where it stands and moves none by more than a degree', async () => {
    const f = await opened({}, ({ bus }) => {
      for (const [id, servo] of bus.servos) {
        servo.position = deg(10 * id)
        // What a servo remembers from before must not pull it anywhere.
        servo.goal = deg(-50)
      }
    })
    expect(await arm(f)).toEqual([])
    for (const id of f.bus.servos.keys()) {
      expect(f.bus.servo(id).powered).toBe(true)
      expect(Math.abs(f.bus.servo(id).position - deg(10 * id))).toBeLessThan(deg(1))
    }
    f.hardware.openGate()
    await f.clock.advance(1)
    expect(Math.abs(f.bus.servo(6).position - deg(60))).toBeLessThan(deg(1))
  })

  test('configures each servo before the first one gets torque', async () => {
    const f = await opened()
    await arm(f)
    const acts = f.bus.calls.filter(({ call }) => call === 'configure' || call === 'torque-on').map(({ call }) => call)
    expect(acts).toEqual([...JOINTS.map(() => 'configure'), ...JOINTS.map(() => 'torque-on')])
  })

  test('lets no setpoint through before the gate is opened', async () => {
    const f = await opened()
    await arm(f)
    const grant = f.hardware.grant(['pan'], 'run-1')
    expect(() => grant.setpoint('pan', 0)).toThrow(/TENDON_NOT_ARMED/)
    f.hardware.openGate()
    expect(() => grant.setpoint('pan', 0)).not.toThrow()
  })

  test('that a stop has overtaken opens no gate', async () => {
    const f = await opened()
    await arm(f)
    f.hardware.stopNow()
    f.hardware.openGate()
    expect(() => f.hardware.grant(['pan'], 'run-1').setpoint('pan', 0)).toThrow(/TENDON_NOT_ARMED/)
    expect(f.notes.map(({ type }) => type)).toContain('gate_refused')
  })

  test('of a joint that holds does not take its torque off', async () => {
    const f = await opened({ policies: { lift: 'hold' } })
    await arm(f)
    await f.stopped()
    const before = f.bus.calls.length
    expect(await arm(f)).toEqual([])
    const touched = f.bus.calls.slice(before).filter(({ ids, call }) => call !== 'configure' && ids?.includes(2))
    expect(touched).toEqual([])
  })

  test('takes torque off first from a joint that is found powered without a reason', async () => {
    const f = await opened({}, ({ bus }) => {
      bus.servo(1).powered = true
    })
    expect(f.notes).toContainEqual({ type: 'found_powered', facts: { joints: ['pan'] } })
    expect(await arm(f)).toEqual([])
    const acts = f.bus.calls.filter(({ ids }) => ids?.includes(1)).map(({ call }) => call)
    expect(acts).toEqual(['torque-off', 'configure', 'torque-on'])
  })

  test('works again after a stop, and after a failed arming', async () => {
    const f = await opened()
    await arm(f)
    await f.stopped()
    f.bus.servo(4).alarms = ['overload']
    expect(await arm(f)).toHaveLength(1)
    f.bus.servo(4).alarms = []
    expect(await arm(f)).toEqual([])
  })
})

describe('each prearm check refuses by name and powers nothing', () => {
  const cases: [code: string, what: string, prepare: (f: Fixture) => void][] = [
    ['TENDON_ARM_SERVO_SILENT', 'silent servo', ({ bus }) => Object.assign(bus.servo(3), { muted: true })],
    ['TENDON_ARM_SERVO_MODEL', 'model', ({ bus }) => Object.assign(bus.servo(3).inspection, { model: 'OTHER' })],
    ['TENDON_ARM_VOLTAGE', 'too little voltage', ({ bus }) => Object.assign(bus.servo(3).inspection, { voltage: 3.9 })],
    ['TENDON_ARM_VOLTAGE', 'too much voltage', ({ bus }) => Object.assign(bus.servo(3).inspection, { voltage: 12 })],
    ['TENDON_ARM_TEMPERATURE', 'heat', ({ bus }) => Object.assign(bus.servo(3).inspection, { temperature: 61 })],
    [
      'TENDON_ARM_CALIBRATION',
      'calibration',
      ({ bus }) =>
        Object.assign(bus.servo(3).inspection, { mismatches: [{ register: 'offset', expected: 12, actual: 0 }] }),
    ],
    ['TENDON_ARM_ALARM', 'alarm', ({ bus }) => Object.assign(bus.servo(3), { alarms: ['overload'] })],
    ['TENDON_ARM_POSITION', 'position', ({ bus }) => Object.assign(bus.servo(3), { position: deg(116) })],
    [
      'TENDON_ARM_POSITION',
      'no position',
      ({ bus }) => Object.assign(bus.servo(3).inspection, { position: Number.NaN }),
    ],
  ]
  test.each(cases)('%s (%s)', async (code, _what, prepare) => {
    const f = await opened({}, prepare)
    const problems = await arm(f)
    expect(problems.map((problem) => problem.code)).toEqual([code])
    expect(problems[0]?.facts).toMatchObject({ joint: 'elbow' })
    expect(f.bus.calls.some(({ call }) => call === 'torque-on')).toBe(false)
    expect(anyPower(f)).toBe(false)
  })

  test('a little outside the limits is let through: 4 degrees', async () => {
    const f = await opened({}, ({ bus }) => Object.assign(bus.servo(3), { position: deg(114) }))
    expect(await arm(f)).toEqual([])
  })

  test('TENDON_ARM_MOVING while somebody moves a joint by hand', async () => {
    const f = await opened()
    const hand = setMoving(f, 3)
    const problems = await arm(f)
    hand.end()
    expect(problems).toMatchObject([{ code: 'TENDON_ARM_MOVING', facts: { joints: ['elbow'] } }])
    expect(anyPower(f)).toBe(false)
  })

  test('TENDON_ARM_BUS_CLOSED when the bus is gone', async () => {
    const f = await opened()
    f.bus.pull()
    expect(await arm(f)).toMatchObject([{ code: 'TENDON_ARM_BUS_CLOSED', facts: { bus: 'servos' } }])
  })

  test('all problems of all servos are told at once', async () => {
    const f = await opened({}, ({ bus }) => {
      bus.servo(1).inspection = { voltage: 2 }
      bus.servo(6).inspection = { model: 'OTHER', temperature: 70 }
    })
    const codes = (await arm(f)).map((problem) => problem.code)
    expect(codes).toEqual(['TENDON_ARM_VOLTAGE', 'TENDON_ARM_SERVO_MODEL', 'TENDON_ARM_TEMPERATURE'])
  })
})

describe('an arming that fails on the way', () => {
  test('names the joint that jumps when powered, and takes all power again', async () => {
    const f = await opened({}, ({ bus }) => Object.assign(bus.servo(4), { kick: deg(1.5) }))
    const problems = await arm(f)
    expect(problems).toMatchObject([{ code: 'TENDON_ARM_MOVED', power: 'off', facts: { joint: 'wrist' } }])
    expect(anyPower(f)).toBe(false)
  })

  test('names the joint that does not take torque, and takes all power again', async () => {
    const f = await opened()
    f.bus.losing.set(4, 0)
    const original = f.bus.setTorque.bind(f.bus)
    f.bus.setTorque = async (ids, on) => {
      const done = new Set(await original(ids, on))
      if (on) done.delete(4)
      return done
    }
    expect(await arm(f)).toMatchObject([{ code: 'TENDON_ARM_TORQUE', facts: { joint: 'wrist', servo: 4 } }])
    expect(anyPower(f)).toBe(false)
  })

  test('resolves at once when it is aborted, powers nothing after that, and takes back what had power', async () => {
    const f = await opened()
    const controller = new AbortController()
    const arming = f.hardware.arm(controller.signal)
    while (!f.bus.calls.some(({ call, ids }) => call === 'torque-on' && ids?.includes(3))) await f.clock.advance(0.0005)
    const start = f.clock.now()
    controller.abort()
    expect(await arming).toMatchObject([{ code: 'TENDON_ARM_ABORTED' }])
    expect(f.clock.now()).toBe(start)
    await f.clock.advance(1)
    const late = f.bus.calls.filter(({ call, at }) => call === 'torque-on' && at > start + 0.0015)
    expect(late).toEqual([])
    expect(anyPower(f)).toBe(false)
    f.hardware.openGate()
    expect(() => f.hardware.grant(['pan'], 'run-1').setpoint('pan', 0)).toThrow(/TENDON_NOT_ARMED/)
  })

  test('a torque-on that a stop cannot call back is waited for: nothing has power once the verdict is out', async () => {
    const f = await opened()
    const off = f.bus.setTorque.bind(f.bus)
    f.bus.setTorque = async (ids, on) => {
      if (!on) return off(ids, on)
      await sleep(f.clock, 0.3)
      for (const id of ids) f.bus.servo(id).powered = true
      return new Set(ids)
    }
    const arming = f.hardware.arm(new AbortController().signal)
    await f.clock.advance(0.2)
    f.hardware.stopNow()
    const verdict = await f.clock.run(f.hardware.finishStop({ cut: false }))
    expect(verdict.confirmed).toBe(true)
    for (let i = 0; i < 100; i++) {
      expect(anyPower(f)).toBe(false)
      await f.clock.advance(0.01)
    }
    await arming
  })

  test.each(Array.from({ length: 60 }, (_, i) => i * 0.005))(
    'a stop after %f s of arming ends with every joint verified off',
    async (delay) => {
      const f = await opened({ policies: { lift: 'hold', grip: 'cut' } })
      const controller = new AbortController()
      const arming = f.hardware.arm(controller.signal)
      await f.clock.advance(delay)
      f.hardware.stopNow()
      controller.abort()
      const verdict = await f.clock.run(f.hardware.finishStop({ cut: false }))
      await f.clock.run(arming)
      expect(verdict.confirmed).toBe(true)
      await f.clock.advance(1)
      for (const { joint, servo, verdict: said } of verdict.joints)
        expect({ joint, powered: f.bus.servo(servo).powered }).toEqual({ joint, powered: said === 'holding' })
    },
  )
})

/** Turns a limp servo by hand until ended. */
function setMoving({ bus, clock }: Fixture, id: number): { end(): void } {
  let moving = true
  const step = (): void => {
    if (!moving) return
    bus.servo(id).position += 0.01
    clock.after(0.01, step)
  }
  step()
  return {
    end() {
      moving = false
    },
  }
}
