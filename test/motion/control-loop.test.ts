import { describe, expect, test } from 'vitest'
import { deg, degPerSec2, type Seconds } from '../../src/base/units.ts'
import { fixture, JOINTS, rejection } from './rig-fixture.ts'
import { StallingClock } from './stalling-clock.ts'

const reads = (bus: { calls: readonly { call: string; at: Seconds }[] }, from: Seconds) =>
  bus.calls.filter(({ call, at }) => call === 'read' && at > from).map(({ at }) => at)

describe('the control loop', () => {
  test('reads at 10 Hz before arming and at 50 Hz while armed, on a grid that does not drift', async () => {
    const f = fixture()
    await f.clock.run(f.hardware.open())
    const opened = f.clock.now()
    await f.clock.advance(10)
    expect(Math.abs(reads(f.bus, opened).length - 100)).toBeLessThanOrEqual(1)
    await f.clock.run(f.hardware.arm(new AbortController().signal))
    f.hardware.openGate()
    const start = f.clock.now()
    await f.clock.advance(60)
    expect(Math.abs(reads(f.bus, start).length - 3000)).toBeLessThanOrEqual(1)
  })

  test('ticks at the rate it is given', async () => {
    const f = fixture({ limits: { rate: 200 } })
    await f.armed()
    const start = f.clock.now()
    await f.clock.advance(1)
    expect(Math.abs(reads(f.bus, start).length - 200)).toBeLessThanOrEqual(1)
  })

  test('a single lost reply marks one reading stale, is noted, and ends nothing', async () => {
    const f = fixture()
    await f.armed()
    const move = f.hardware.grant(JOINTS, 'run-1').moveTo({ pan: deg(90) }, {})
    await f.clock.advance(0.3)
    f.bus.losing.set(1, 1)
    await f.clock.advance(0.02)
    expect(f.hardware.joint('pan').status).toBe('stale')
    expect(f.hardware.joint('lift').status).toBe('fresh')
    await f.clock.advance(0.02)
    expect(f.hardware.joint('pan').status).toBe('fresh')
    await f.clock.run(move)
    expect(f.faults).toEqual([])
    expect(f.notes).toEqual([{ type: 'reading_missed', facts: { joint: 'pan', bus: 'servos', servo: 1 } }])
    expect(f.hardware.loops().servos?.misses).toBe(1)
  })

  test('a servo that falls silent while armed is a fault within 250 ms, once, by name', async () => {
    const f = fixture()
    await f.armed()
    await f.clock.advance(0.1)
    f.bus.servo(3).muted = true
    const start = f.clock.now()
    while (f.faults.length === 0 && f.clock.now() < start + 1) await f.clock.advance(0.001)
    expect(f.clock.now() - start).toBeLessThan(0.25)
    expect(f.clock.now() - start).toBeGreaterThan(0.15)
    await f.clock.advance(1)
    expect(f.faults).toMatchObject([
      { code: 'TENDON_SERVO_LOST', severity: 'danger', power: 'unknown', facts: { joint: 'elbow', servo: 3 } },
    ])
  })

  test('a silent servo does not slow down the setpoints of the others', async () => {
    const f = fixture({ limits: { silence: 100 } })
    await f.armed()
    f.bus.servo(3).muted = true
    f.bus.timeout = 0.03
    await f.clock.run(f.hardware.grant(JOINTS, 'run-1').moveTo({ pan: deg(90) }, {}))
    expect(f.hardware.loops().servos).toMatchObject({ skipped: 0 })
    expect(f.bus.servo(1).position).toBeCloseTo(deg(90), 3)
  })

  test('a silent servo before arming is no fault', async () => {
    const f = fixture()
    await f.clock.run(f.hardware.open())
    f.bus.servo(3).muted = true
    await f.clock.advance(2)
    expect(f.faults).toEqual([])
  })

  test('when every servo falls silent the fault is the bus', async () => {
    const f = fixture()
    await f.armed()
    for (const servo of f.bus.servos.values()) servo.muted = true
    await f.clock.advance(0.5)
    expect(f.faults).toMatchObject([{ code: 'TENDON_HARDWARE_LOST', facts: { bus: 'servos' } }])
  })

  test('an alarm while armed is a fault, once', async () => {
    const f = fixture()
    await f.armed()
    f.bus.servo(2).alarms = ['overload']
    await f.clock.advance(0.5)
    expect(f.faults).toMatchObject([
      { code: 'TENDON_SERVO_ALARM', facts: { joint: 'lift', servo: 2, alarms: ['overload'] } },
    ])
  })

  test('a servo that restarts while armed answers well and has no torque: that is a fault', async () => {
    const f = fixture()
    await f.armed()
    f.bus.servo(2).powered = false
    await f.clock.advance(1.2)
    expect(f.faults).toMatchObject([{ code: 'TENDON_SERVO_POWER_LOST', facts: { joint: 'lift', servo: 2 } }])
    // A freeze would give it its power back.
    f.hardware.stopNow()
    const frame = f.bus.calls.findLast(({ call }) => call === 'stop')?.plan
    expect(frame?.cut).toContain(2)
    expect(frame?.freeze.map(({ id }) => id)).not.toContain(2)
  })

  test('a joint that a run has let go limp is no fault, and none when it is engaged again', async () => {
    const f = fixture()
    await f.armed()
    const grant = f.hardware.grant(JOINTS, 'run-1')
    await f.clock.run(grant.release(['lift']))
    await f.clock.advance(2.5)
    await f.clock.run(grant.engage(['lift']))
    await f.clock.advance(2.5)
    expect(f.faults).toEqual([])
  })

  test('a bus pulled while armed ends its moves and is a fault at once; disarmed it is a note', async () => {
    const f = fixture()
    await f.armed()
    const move = rejection(f.hardware.grant(JOINTS, 'run-1').moveTo({ pan: 1 }, {}))
    await f.clock.advance(0.1)
    f.bus.pull()
    expect(f.faults).toMatchObject([{ code: 'TENDON_HARDWARE_LOST', power: 'unknown', facts: { bus: 'servos' } }])
    expect(await move).toMatchObject({ code: 'TENDON_HARDWARE_LOST' })
    expect(f.hardware.joint('pan').status).toBe('stale')
    const disarmed = fixture()
    await disarmed.clock.run(disarmed.hardware.open())
    disarmed.bus.pull()
    expect(disarmed.faults).toEqual([])
    expect(disarmed.notes.map(({ type }) => type)).toEqual(['bus_lost'])
  })

  test('a joint that holds after a disarm is still watched', async () => {
    const f = fixture({ policies: { lift: 'hold' } })
    await f.armed()
    await f.stopped()
    f.bus.servo(2).muted = true
    f.bus.servo(3).muted = true
    await f.clock.advance(2)
    expect(f.faults).toMatchObject([{ code: 'TENDON_SERVO_LOST', facts: { joint: 'lift' } }])
    expect(f.faults).toHaveLength(1)
  })
})

describe('a host that misses ticks', () => {
  test('counts them, does not make up for them, and goes on from rest without a jump', async () => {
    const clock = new StallingClock()
    const f = fixture({ clock })
    await f.armed()
    const move = f.hardware.grant(JOINTS, 'run-1').moveTo({ pan: deg(100) }, {})
    await clock.advance(0.5)
    const start = clock.now()
    clock.stall = [start + 0.03, start + 0.53]
    await clock.run(move)
    const frames = f.bus.calls.filter(({ call }) => call === 'setpoints')
    const during = frames.filter(({ at }) => at > start + 0.035 && at < start + 0.53)
    expect(during).toEqual([])
    const { skipped } = f.hardware.loops().servos ?? { skipped: 0 }
    expect(skipped).toBeGreaterThanOrEqual(22)
    expect(skipped).toBeLessThanOrEqual(26)
    // Not bunched: the late tick itself, then one for each deadline, none for those that are over.
    expect(frames.filter(({ at }) => at >= start + 0.53 && at < start + 0.63).length).toBeLessThanOrEqual(6)
    const positions = frames.map(({ setpoints }) => setpoints?.[0]?.position ?? 0)
    for (const [i, position] of positions.entries())
      expect(position - (positions[i - 1] ?? 0)).toBeLessThanOrEqual(deg(180) * 0.02 + 1e-9)
    // After the stall the servo rests, so motion begins again at the acceleration limit.
    const after = frames.findIndex(({ at }) => at >= start + 0.53)
    const steps = [1, 2, 3, 4, 5].map((i) => (positions[after + i] ?? 0) - (positions[after + i - 1] ?? 0))
    for (const [i, step] of steps.entries())
      if (i > 0) expect((step - (steps[i - 1] ?? 0)) * 2500).toBeLessThanOrEqual(degPerSec2(400) * (1 + 1e-6))
    expect(f.bus.servo(1).position).toBeCloseTo(deg(100), 3)
    expect(f.notes.some(({ type }) => type === 'ticks_skipped')).toBe(true)
    expect(f.faults).toEqual([])
  })
})

test('close leaves nothing pending, whatever was under way', async () => {
  const f = fixture()
  await f.armed()
  const grant = f.hardware.grant(JOINTS, 'run-1')
  const move = rejection(grant.moveTo({ pan: 1 }, {}))
  const stream = rejection(grant.moveTo({ lift: 1 }, {}))
  const halt = f.hardware.halt(['elbow', 'pan'])
  await f.clock.advance(0.1)
  await f.clock.run(f.hardware.close())
  await Promise.all([move, stream, halt])
  expect(f.clock.pending).toBe(0)
})

test('open that fails on the way closes what it opened and leaves nothing pending', async () => {
  const f = fixture()
  f.bus.openError = new Error('no such port')
  expect(await f.clock.run(rejection(f.hardware.open()))).toBe(f.bus.openError)
  expect(f.clock.pending).toBe(0)
})
