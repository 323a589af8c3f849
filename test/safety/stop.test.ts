import { describe, expect, test } from 'vitest'
import { deg } from '../../src/base/units.ts'
import { fixture, JOINTS, rejection } from '../motion/rig-fixture.ts'

/** The fixture in the middle of a move of `lift`. */
async function inMotion(options: Parameters<typeof fixture>[0] = {}) {
  const f = fixture(options)
  await f.armed()
  const move = rejection(f.hardware.grant(JOINTS, 'run-1').moveTo({ lift: deg(90) }, {}))
  await f.clock.advance(0.4)
  expect(f.bus.servo(2).velocity).toBeGreaterThan(0)
  return { ...f, move }
}

describe('the first act of a stop', () => {
  test('closes the gate before any byte, and the stop frame is the next thing on the bus, before stopNow returns', async () => {
    const { hardware, bus, move, clock } = await inMotion()
    const before = bus.calls.length
    let refusedDuringStop = ''
    const grant = hardware.grant(JOINTS, 'run-2')
    bus.onStop = () => {
      try {
        grant.setpoint('pan', 0)
      } catch (error) {
        refusedDuringStop = (error as { code: string }).code
      }
    }
    hardware.stopNow()
    expect(refusedDuringStop).toBe('TENDON_ACCESS_REVOKED')
    expect(bus.calls.slice(before).map(({ call }) => call)).toEqual(['stop'])
    bus.onStop = undefined
    expect(await move).toMatchObject({ code: 'TENDON_ACCESS_REVOKED' })
    await clock.run(hardware.finishStop({ cut: false }))
    const later = bus.calls.slice(before).map(({ call }) => call)
    expect(later).not.toContain('setpoints')
    expect(later).not.toContain('torque-on')
  })

  test('freezes a moving joint at a reading younger than 50 ms', async () => {
    const { hardware, bus } = await inMotion()
    const at = bus.servo(2).position
    hardware.stopNow()
    const frozen = bus.calls.at(-1)?.plan?.freeze.find(({ id }) => id === 2)
    expect(Math.abs((frozen?.position ?? Infinity) - at)).toBeLessThan(deg(180) * 0.05)
  })

  test('freezes at the last setpoint when the reading is older than 50 ms', async () => {
    const { hardware, bus, clock } = await inMotion()
    bus.servo(2).muted = true
    await clock.advance(0.1)
    const setpoint = bus.calls.findLast(({ call }) => call === 'setpoints')?.setpoints?.find(({ id }) => id === 2)
    hardware.stopNow()
    const frozen = bus.calls.at(-1)?.plan?.freeze.find(({ id }) => id === 2)
    expect(frozen?.position).toBeCloseTo(setpoint?.position ?? Number.NaN, 9)
  })

  test('cuts joints of policy cut and freezes the others; before arming, all are cut', async () => {
    const f = fixture({ policies: { grip: 'cut', lift: 'hold' } })
    await f.clock.run(f.hardware.open())
    f.hardware.stopNow()
    expect(f.bus.calls.at(-1)?.plan).toEqual({ cut: [1, 2, 3, 4, 5, 6], freeze: [] })
    await f.clock.run(f.hardware.finishStop({ cut: false }))
    expect(await f.clock.run(f.hardware.arm(new AbortController().signal))).toEqual([])
    f.hardware.stopNow()
    const plan = f.bus.calls.at(-1)?.plan
    expect(plan?.cut).toEqual([6])
    expect(plan?.freeze.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5])
  })

  test('never throws: a bus that refuses the frame is in the verdict, and the read back decides', async () => {
    const { hardware, bus, clock } = await inMotion()
    bus.stopError = new Error('port jammed')
    hardware.stopNow()
    bus.stopError = undefined
    const verdict = await clock.run(hardware.finishStop({ cut: false }))
    expect(verdict.confirmed).toBe(true)
    expect([...bus.servos.values()].every((servo) => !servo.powered)).toBe(true)
  })
})

describe('the verdict', () => {
  test('is off for every joint after a stop in mid-motion, and the torque of each was read back', async () => {
    const { hardware, bus, clock } = await inMotion()
    hardware.stopNow()
    const verdict = await clock.run(hardware.finishStop({ cut: false }))
    expect(verdict.confirmed).toBe(true)
    expect(verdict.joints.map(({ verdict }) => verdict)).toEqual(JOINTS.map(() => 'off'))
    expect([...bus.servos.values()].some((servo) => servo.powered)).toBe(false)
  })

  test('with servo 3 muted names servo 3 only; the others are off, and servo 3 was told too', async () => {
    const f = fixture()
    await f.armed()
    f.bus.servo(3).muted = true
    const verdict = await f.stopped()
    expect(verdict.confirmed).toBe(false)
    expect(verdict.joints.filter(({ verdict }) => verdict !== 'off')).toEqual([
      expect.objectContaining({ joint: 'elbow', servo: 3, verdict: 'not_confirmed' }),
    ])
    expect(verdict.joints[2]?.reason).toContain('servo 3 did not answer')
    // It hears although it does not speak: the frame without reply has reached it.
    expect([...f.bus.servos.values()].some((servo) => servo.powered)).toBe(false)
  })

  test('says that a servo still has power when its register says so', async () => {
    const f = fixture()
    await f.armed()
    f.bus.servo(5).clinging = true
    const verdict = await f.stopped()
    expect(verdict.joints.filter(({ verdict }) => verdict !== 'off')).toEqual([
      expect.objectContaining({
        joint: 'roll',
        verdict: 'not_confirmed',
        reason: expect.stringContaining('has power'),
      }),
    ])
  })

  test('is holding, powered and still, for joints that hold', async () => {
    const f = fixture({ policies: { lift: 'hold' } })
    await f.armed()
    const verdict = await f.stopped()
    expect(verdict.confirmed).toBe(true)
    expect(verdict.joints.map(({ verdict }) => verdict)).toEqual(['off', 'holding', 'off', 'off', 'off', 'off'])
    expect(f.bus.servo(2).powered).toBe(true)
  })

  test('is holding for a joint whose servo answers again in the very instant of the stop, after a long silence', async () => {
    const f = fixture({ policies: { lift: 'hold' } })
    await f.armed()
    f.bus.servo(2).muted = true
    await f.clock.advance(1)
    expect((await f.stopped()).joints[1]).toMatchObject({ verdict: 'not_confirmed' })
    await f.clock.advance(1)
    f.bus.servo(2).muted = false
    expect((await f.stopped()).joints[1]).toMatchObject({ joint: 'lift', verdict: 'holding' })
  })

  test('is off for a holding joint with cut, and powers it off at once', async () => {
    const f = fixture({ policies: { lift: 'hold' } })
    await f.armed()
    await f.stopped()
    const verdict = await f.stopped({ cut: true })
    expect(verdict.joints[1]).toMatchObject({ joint: 'lift', verdict: 'off' })
    expect(f.bus.servo(2).powered).toBe(false)
  })

  test('is not confirmed for a bus that never opened: the inventory is the definition’s', async () => {
    const f = fixture()
    const verdict = await f.stopped()
    expect(verdict.confirmed).toBe(false)
    expect(verdict.joints).toHaveLength(6)
    for (const joint of verdict.joints)
      expect(joint).toMatchObject({ verdict: 'not_confirmed', reason: expect.stringContaining('not open') })
  })

  test('is not confirmed for a bus that is pulled during the stop, and always comes', async () => {
    const { hardware, bus, clock, faults } = await inMotion()
    hardware.stopNow()
    const finish = hardware.finishStop({ cut: false })
    await clock.advance(0.005)
    bus.pull()
    const verdict = await clock.run(finish, { limit: 10 })
    expect(verdict.joints.every(({ verdict }) => verdict === 'not_confirmed')).toBe(true)
    expect(faults).toEqual([])
  })

  test('of a robot without joints is confirmed and empty', async () => {
    const f = fixture({ joints: {} })
    await f.armed()
    expect(await f.stopped()).toEqual({ confirmed: true, joints: [] })
  })

  test('has nothing to say about passive joints', async () => {
    const f = fixture({ joints: { jaw: { position: [0, 1], velocity: 1 } } })
    await f.armed()
    expect(await f.stopped()).toEqual({ confirmed: true, joints: [] })
    expect(f.hardware.joint('jaw')).toEqual({ status: 'unknown' })
  })
})

describe('park', () => {
  test('keeps power until the joints have been read standing still, then takes it', async () => {
    const { hardware, bus, clock } = await inMotion()
    hardware.stopNow()
    bus.servo(2).goal += 0.1
    const finish = hardware.finishStop({ cut: false })
    const start = clock.now()
    await clock.run(finish)
    const off = bus.calls.find(({ call, at }) => call === 'torque-off' && at >= start)
    // 0.1 rad at the 0.5 rad/s of the frozen servo, then three reads.
    expect((off?.at ?? 0) - start).toBeGreaterThan(0.2)
    expect((off?.at ?? 0) - start).toBeLessThan(0.4)
    const last = bus.calls.findLast(({ call, at }) => call === 'stop' && at >= start)
    expect(last?.plan).toEqual({ cut: [1, 2, 3, 4, 5, 6], freeze: [] })
  })

  test('takes power after the park cap when a joint does not come to rest', async () => {
    const { hardware, bus, clock } = await inMotion({ limits: { parkCap: 1 } })
    hardware.stopNow()
    bus.servo(2).goal += 100
    const start = clock.now()
    const verdict = await clock.run(hardware.finishStop({ cut: false }))
    expect(clock.now() - start).toBeGreaterThan(0.99)
    expect(clock.now() - start).toBeLessThan(1.1)
    expect(verdict.confirmed).toBe(true)
  })

  test('does not wait for a servo that does not answer', async () => {
    const f = fixture()
    await f.armed()
    f.bus.servo(3).muted = true
    const start = f.clock.now()
    await f.stopped()
    expect(f.clock.now() - start).toBeLessThan(0.5)
  })

  test('a wish to cut that joins ends the wait at once and takes holding joints along', async () => {
    const { hardware, bus, clock } = await inMotion({ policies: { grip: 'hold' } })
    hardware.stopNow()
    bus.servo(2).goal += 100
    const first = hardware.finishStop({ cut: false })
    await clock.advance(0.1)
    const start = clock.now()
    const second = hardware.finishStop({ cut: true })
    expect(bus.calls.at(-1)?.plan).toEqual({ cut: [1, 2, 3, 4, 5, 6], freeze: [] })
    const verdict = await clock.run(second)
    expect(clock.now() - start).toBeLessThan(0.1)
    expect(verdict.joints.map(({ verdict }) => verdict)).toEqual(JOINTS.map(() => 'off'))
    expect(await first).toBe(verdict)
  })

  test('a second stop during the read back powers nothing up again and the verdict is still confirmed', async () => {
    const f = fixture()
    await f.armed()
    f.hardware.stopNow()
    const finish = f.hardware.finishStop({ cut: false })
    for (let i = 0; i < 100 && !f.bus.calls.some(({ call }) => call === 'torque-off'); i++) await f.clock.advance(0.001)
    f.hardware.stopNow()
    expect(f.bus.calls.at(-1)?.plan?.freeze).toEqual([])
    const verdict = await f.clock.run(finish)
    expect(verdict.confirmed).toBe(true)
  })
})

test('after a stop, closing leaves no timer', async () => {
  const f = fixture({ policies: { lift: 'hold' } })
  await f.armed()
  await f.stopped()
  await f.clock.run(f.hardware.close())
  expect(f.clock.pending).toBe(0)
})

test('closing while armed sends a stop frame first', async () => {
  const f = fixture()
  await f.armed()
  const before = f.bus.calls.length
  await f.clock.run(f.hardware.close())
  expect(f.bus.calls[before]?.call).toBe('stop')
  expect(f.clock.pending).toBe(0)
})

test('pressing stop a hundred times while it verifies still ends, within its bound', async () => {
  const f = fixture()
  await f.armed()
  f.hardware.stopNow()
  const finish = f.hardware.finishStop({ cut: false })
  for (let i = 0; i < 100; i++) {
    f.hardware.stopNow()
    await f.clock.advance(0.002)
  }
  const verdict = await f.clock.run(finish, { limit: 10 })
  expect(verdict.joints).toHaveLength(6)
  expect([...f.bus.servos.values()].some((servo) => servo.powered)).toBe(false)
})
