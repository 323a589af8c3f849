import { describe, expect, test } from 'vitest'
import { radPerSec } from '../../src/base/units.ts'
import type { JointSpec } from '../../src/device/joint.ts'
import { createHardware } from '../../src/safety/hardware.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { idealBus } from './ideal-bus.ts'
import { type Fixture, fixture, joint, rejection, thrownCode } from './rig-fixture.ts'
import { StallingClock } from './stalling-clock.ts'

const TICK = 0.02
const LIMIT = 5
const RAMP = 10

/** A wheel: at most 5 rad/s, 10 rad/s². */
function wheel(id: number, more: Partial<JointSpec> = {}): JointSpec {
  const servo = { family: 'ideal', model: 'IDEAL', bus: 'servos', id, ids: { min: 0, max: 253 }, options: {} }
  return {
    type: 'continuous',
    position: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    velocity: radPerSec(LIMIT),
    acceleration: RAMP,
    stop: 'park',
    servo: { ...servo, mode: 'velocity' },
    ...more,
  }
}

const joints = { left: wheel(1), right: wheel(2, { direction: -1 }), pan: joint(3) }
const ALL = Object.keys(joints)

async function armed(options: Parameters<typeof fixture>[0] = {}) {
  const f = fixture({ joints, ...options })
  await f.armed()
  return { ...f, grant: f.hardware.grant(ALL, 'run-1') }
}

/** The speeds that servo `id` was told, oldest first. */
const told = ({ bus }: Fixture, id = 1): number[] =>
  bus.calls.flatMap(({ speeds }) => speeds?.filter((speed) => speed.id === id).map(({ speed }) => speed) ?? [])

/** The largest step from one told speed to the next. */
const steepest = (speeds: readonly number[]): number =>
  Math.max(...speeds.map((speed, i) => Math.abs(speed - (speeds[i - 1] ?? 0))))

/** Drives as a stream does, once a tick, for some seconds. */
async function stream({ grant, clock }: Awaited<ReturnType<typeof armed>>, speed: number, seconds: number) {
  for (let t = 0; t < seconds - 1e-9; t += TICK) {
    grant.drive({ left: speed })
    await clock.advance(TICK)
  }
}

describe('a speed is refused as a whole, and nothing written', () => {
  test.each<[code: string, call: (f: Fixture) => unknown]>([
    ['TENDON_JOINT_NOT_CLAIMED', ({ hardware }) => hardware.grant(['left'], 'r').drive({ left: 1, right: 1 })],
    ['TENDON_SETPOINT_NOT_FINITE', ({ hardware }) => hardware.grant(ALL, 'r').drive({ left: 1, right: Number.NaN })],
    ['TENDON_SETPOINT_NOT_FINITE', ({ hardware }) => hardware.grant(ALL, 'r').drive({ left: 1, right: Infinity })],
    ['TENDON_SETPOINT_NOT_FINITE', ({ hardware }) => hardware.grant(ALL, 'r').drive({ left: '1' as never })],
    ['TENDON_SPEED_LIMIT', ({ hardware }) => hardware.grant(ALL, 'r').drive({ left: 1, right: LIMIT + 0.1 })],
    ['TENDON_SPEED_LIMIT', ({ hardware }) => hardware.grant(ALL, 'r').drive({ left: 1, right: -LIMIT - 0.1 })],
    ['TENDON_JOINT_TAKES_POSITIONS', ({ hardware }) => hardware.grant(ALL, 'r').drive({ left: 1, pan: 1 })],
    ['TENDON_JOINT_TAKES_SPEEDS', ({ hardware }) => hardware.grant(ALL, 'r').setpoint('left', 0)],
    ['TENDON_MOTION_OPTION', ({ hardware }) => hardware.grant(ALL, 'r').drive({ left: 1 }, 0)],
    ['TENDON_MOTION_OPTION', ({ hardware }) => hardware.grant(ALL, 'r').drive({ left: 1 }, Infinity)],
  ])('%s', async (code, call) => {
    const f = await armed()
    expect(thrownCode(() => call(f))).toBe(code)
    await f.clock.advance(0.2)
    expect(f.bus.calls.filter(({ call: made }) => made === 'speeds' || made === 'setpoints')).toEqual([])
  })

  test('TENDON_NOT_ARMED before arming, TENDON_ACCESS_REVOKED after a stop, TENDON_ACCESS_PAUSED under a child', async () => {
    const f = fixture({ joints })
    await f.clock.run(f.hardware.open())
    expect(thrownCode(() => f.hardware.grant(ALL, 'r').drive({ left: 1 }))).toBe('TENDON_NOT_ARMED')
    const g = await armed()
    g.grant.pause()
    expect(thrownCode(() => g.grant.drive({ left: 1 }))).toBe('TENDON_ACCESS_PAUSED')
    g.grant.resume()
    await g.stopped()
    expect(thrownCode(() => g.grant.drive({ left: 1 }))).toBe('TENDON_ACCESS_REVOKED')
    expect(told(g)).toEqual([])
  })

  test('a move of a wheel is rejected, and keeps the other joints of its goal from moving', async () => {
    const f = await armed()
    expect(await rejection(f.grant.moveTo({ pan: 0.1, left: 1 }, {}))).toMatchObject({
      code: 'TENDON_JOINT_TAKES_SPEEDS',
    })
    await f.clock.advance(0.2)
    expect(f.bus.servo(3).goal).toBe(0)
  })
})

describe('a wheel', () => {
  test('reaches its speed in steps that its acceleration allows, and is told it at each tick', async () => {
    const f = await armed()
    await stream(f, 3, 0.6)
    const speeds = told(f)
    expect(speeds).toHaveLength(30)
    expect(steepest(speeds)).toBeCloseTo(RAMP * TICK, 9)
    expect(speeds.slice(0, 3)).toEqual([expect.closeTo(0.2), expect.closeTo(0.4), expect.closeTo(0.6)])
    expect(new Set(speeds.slice(15))).toEqual(new Set([3]))
  })

  test('turns the way that its direction says, and a change of sign goes through zero within the ramp', async () => {
    const f = await armed()
    f.grant.drive({ left: 2, right: 2 }, 0.5)
    await f.clock.advance(0.4)
    expect([f.bus.servo(1).told, f.bus.servo(2).told]).toEqual([2, -2])
    f.grant.drive({ left: -2 }, 0.6)
    await f.clock.advance(0.5)
    expect(f.bus.servo(1).told).toBe(-2)
    expect(steepest(told(f))).toBeLessThanOrEqual(RAMP * TICK + 1e-9)
  })

  test('brakes along the ramp to 0 when the stream dries up, is told 0 three times more, and then nothing', async () => {
    const f = await armed()
    f.grant.drive({ left: 3 }, 0.4)
    await f.clock.advance(0.4)
    expect(f.bus.servo(1).told).toBe(3)
    const before = told(f).length
    await f.clock.advance(3 / RAMP + 2 * TICK)
    expect(f.bus.servo(1).told).toBe(0)
    const braking = told(f).slice(before)
    expect(braking.slice(0, 3)).toEqual([expect.closeTo(2.8), expect.closeTo(2.6), expect.closeTo(2.4)])
    await f.clock.advance(1)
    const all = told(f)
    expect(all.slice(-4)).toEqual([0, 0, 0, 0])
    expect(all.at(-5)).not.toBe(0)
  })

  test('lives by its own time to live, which the default is when none is given', async () => {
    const f = await armed()
    f.grant.drive({ left: 0.2 })
    f.grant.drive({ right: 0.2 }, 0.3)
    await f.clock.advance(0.2)
    expect([f.bus.servo(1).told, f.bus.servo(2).told]).toEqual([0, -0.2])
    await f.clock.advance(0.2)
    expect(f.bus.servo(2).told).toBeCloseTo(0, 9)
  })

  test.each<[way: string, act: (f: Awaited<ReturnType<typeof armed>>) => unknown]>([
    ['halt', ({ hardware }) => hardware.halt(['left'])],
    ['the end of its run', ({ grant }) => grant.revoke()],
    ['a child that takes its joints', ({ grant }) => grant.pause()],
  ])('brakes within the ramp at %s, whatever time its setpoint still had', async (_, act) => {
    const f = await armed()
    f.grant.drive({ left: 3 }, 60)
    await f.clock.advance(0.5)
    const done = act(f)
    await f.clock.advance(3 / RAMP + 2 * TICK)
    expect(f.bus.servo(1).told).toBe(0)
    expect(steepest(told(f))).toBeLessThanOrEqual(RAMP * TICK + 1e-9)
    await f.clock.advance(1)
    expect(f.bus.servo(1).told).toBe(0)
    if (done instanceof Promise) expect(await done).toEqual({ confirmed: true, moving: [] })
  })

  test('halt confirms only what it has read standing still', async () => {
    const f = await armed()
    f.grant.drive({ left: 3 }, 60)
    await f.clock.advance(0.5)
    // It hears nothing any more and turns on.
    f.bus.servo(1).dead = true
    const report = await f.clock.run(f.hardware.halt(['left']))
    expect(report).toEqual({ confirmed: false, moving: ['left'] })
  })

  test('does not go on when the host has missed ticks: it is told 0 at once', async () => {
    const clock = new StallingClock()
    const f = await armed({ clock })
    f.grant.drive({ left: 3 }, 60)
    await clock.advance(0.5)
    expect(f.bus.servo(1).told).toBe(3)
    const start = clock.now()
    clock.stall = [start + 0.03, start + 0.33]
    await clock.advance(0.34)
    expect(
      told(f)
        .filter((speed) => speed !== 0)
        .at(-1),
    ).toBe(3)
    expect(f.bus.servo(1).told).toBe(0)
    expect(f.notes.map(({ type }) => type)).toContain('ticks_skipped')
  })

  test('its position goes on over the turns that its encoder cannot count, both ways', async () => {
    const f = await armed()
    f.grant.drive({ left: 4, right: 4 }, 60)
    await f.clock.advance(4)
    const [left, right] = [f.hardware.joint('left'), f.hardware.joint('right')]
    if (left.status === 'unknown' || right.status === 'unknown') throw new Error('never read')
    expect(Math.abs(f.bus.servo(1).position)).toBeLessThanOrEqual(Math.PI)
    expect(left.position).toBeGreaterThan(4 * Math.PI)
    expect(left.position).toBeCloseTo(right.position, 6)
    // 4 s at 4 rad/s, less what the ramp takes, read a tick or two ago.
    expect(left.position).toBeGreaterThan(16 - 0.8 - 0.25)
    expect(left.position).toBeLessThanOrEqual(16 - 0.7)
  })

  test('a reading that is no number does not spoil the way it has turned', async () => {
    const f = await armed()
    f.bus.servo(1).position = Number.NaN
    await f.clock.advance(0.1)
    f.bus.servo(1).position = 1
    await f.clock.advance(0.1)
    expect(f.hardware.joint('left')).toMatchObject({ status: 'fresh', position: expect.closeTo(1, 6) })
  })
})

describe('a wheel that is blocked', () => {
  async function blocked() {
    const f = await armed()
    f.bus.servo(1).stuck = true
    f.grant.drive({ left: 2, right: 2 }, 60)
    await f.clock.advance(0.6)
    return f
  }

  test('is told 0 at once, and its run hears of it at its next drive, once', async () => {
    const f = await blocked()
    expect(f.bus.servo(1).told).toBe(0)
    expect(f.bus.servo(2).told).toBe(-2)
    expect(f.notes.filter(({ type }) => type === 'joint_stalled')).toMatchObject([{ facts: { joint: 'left' } }])
    expect(thrownCode(() => f.grant.drive({ left: 2, right: 2 }))).toBe('TENDON_JOINT_NOT_TURNING')
    expect(thrownCode(() => f.grant.drive({ left: 2, right: 2 }))).toBeUndefined()
  })

  test('is no news to another run', async () => {
    const f = await blocked()
    f.grant.revoke()
    expect(thrownCode(() => f.hardware.grant(ALL, 'run-2').drive({ left: 2 }))).toBeUndefined()
  })

  test('is not one that is told to creep, nor one that is reversed', async () => {
    const f = await armed()
    f.bus.servo(1).stuck = true
    f.grant.drive({ left: 0.08 }, 60)
    await f.clock.advance(2)
    f.bus.servo(1).stuck = false
    for (const speed of [4, -4, 4]) {
      f.grant.drive({ left: speed }, 60)
      await f.clock.advance(1)
    }
    expect(f.notes.filter(({ type }) => type === 'joint_stalled')).toEqual([])
  })
})

describe('stop, arming and hand-guiding of a wheel', () => {
  test('the stop frame freezes a turning wheel, which stands, and is read off', async () => {
    const f = await armed()
    f.grant.drive({ left: 3 }, 60)
    await f.clock.advance(0.5)
    f.hardware.stopNow()
    const [stop] = f.bus.calls.filter(({ call }) => call === 'stop')
    expect(stop?.plan?.cut).toEqual([])
    expect(stop?.plan?.freeze.map(({ id }) => id)).toEqual([1, 2, 3])
    const verdict = await f.clock.run(f.hardware.finishStop({ cut: false }))
    expect(verdict.joints.map(({ verdict: of }) => of)).toEqual(['off', 'off', 'off'])
    expect(f.bus.servo(1)).toMatchObject({ powered: false, told: 0 })
  })

  test('one of the policy hold stands with power, also when the last frame has gone out', async () => {
    const f = await armed({ joints: { ...joints, left: wheel(1, { stop: 'hold' }) } })
    f.grant.drive({ left: 3 }, 60)
    await f.clock.advance(0.5)
    const verdict = await f.stopped()
    expect(verdict.joints.map(({ verdict: of }) => of)).toEqual(['holding', 'off', 'off'])
    expect(f.bus.servo(1)).toMatchObject({ powered: true, told: 0 })
  })

  test('arming powers it up wherever it stands, and nothing turns', async () => {
    const f = fixture({ joints })
    f.bus.servo(1).position = 3
    await f.armed()
    await f.clock.advance(0.5)
    expect(f.bus.servo(1)).toMatchObject({ position: 3, powered: true, told: 0 })
    expect(told(f)).toEqual([])
  })

  test('release lets a turning wheel come to rest and go limp, engage holds it again', async () => {
    const f = await armed()
    f.grant.drive({ left: 3 }, 60)
    await f.clock.advance(0.5)
    await f.clock.run(f.grant.release(['left']))
    expect(f.bus.servo(1)).toMatchObject({ powered: false, told: 0 })
    expect(thrownCode(() => f.grant.drive({ left: 1 }))).toBe('TENDON_JOINT_LIMP')
    await f.clock.run(f.grant.engage(['left']))
    expect(thrownCode(() => f.grant.drive({ left: 1 }))).toBeUndefined()
    await f.clock.advance(0.06)
    expect(f.bus.servo(1)).toMatchObject({ powered: true, told: expect.closeTo(0.6, 6) })
  })

  test('a bus that knows no speeds is refused before anything is opened', () => {
    const spec = idealBus()
    const speechless = {
      ...spec,
      create(...args: Parameters<typeof spec.create>) {
        return Object.defineProperty(spec.create(...args), 'writeSpeeds', { value: undefined })
      },
    }
    const map = { buses: { servos: speechless }, joints, sensors: {}, calibration: {} }
    const none = { fault: () => {}, returned: () => {}, note: () => {} }
    expect(thrownCode(() => createHardware(map, { clock: new VirtualClock() }, {}, none))).toBe(
      'TENDON_BUS_WITHOUT_SPEEDS',
    )
  })
})

describe('a joint that mimics another', () => {
  test('reads what the other does, times its multiplier, plus its offset, through a chain', async () => {
    const passive = { position: [-9, 9] as const, velocity: 1 }
    const f = fixture({
      joints: {
        pan: joint(1),
        mirror: { ...passive, mimic: { joint: 'pan', multiplier: -2, offset: 0.5 } },
        shade: { ...passive, mimic: { joint: 'mirror' } },
      },
    })
    expect(f.hardware.joint('shade')).toEqual({ status: 'unknown' })
    await f.armed()
    const move = f.hardware.grant(['pan'], 'r').moveTo({ pan: 1 }, {})
    await f.clock.advance(0.4)
    const [pan, mirror] = [f.hardware.joint('pan'), f.hardware.joint('mirror')]
    if (pan.status === 'unknown' || mirror.status === 'unknown') throw new Error('never read')
    expect(pan.velocity).toBeGreaterThan(0.5)
    expect(mirror).toEqual({ ...pan, position: -2 * pan.position + 0.5, velocity: -2 * pan.velocity })
    expect(f.hardware.joint('shade')).toEqual(mirror)
    await f.clock.run(move)
    expect(f.hardware.joint('mirror')).toMatchObject({ position: expect.closeTo(-1.5, 2) })
  })
})

describe('a joint that slides', () => {
  /** 100 rad of the servo for a metre: 50 mm are 5 rad, more than one turn would hold. */
  const finger = joint(1, 'park', {
    type: 'prismatic',
    position: [0, 0.03],
    velocity: 0.05,
    acceleration: 0.2,
    gear: 100,
  })

  test('goes to metres, and has arrived only within what its servo can tell', async () => {
    const f = fixture({ joints: { finger } })
    await f.armed()
    const grant = f.hardware.grant(['finger'], 'r')
    const { position } = await f.clock.run(grant.moveTo({ finger: 0.02 }, {}))
    expect(position.finger).toBeCloseTo(0.02, 3)
    expect(f.bus.servo(1).position).toBeCloseTo(2, 1)
    // 15 mm short is not there, though it is less than 0.02 of something.
    f.bus.servo(1).stuck = true
    expect(await rejection(f.clock.run(grant.moveTo({ finger: 0.005 }, {})))).toMatchObject({
      code: 'TENDON_JOINT_STALLED',
      message: expect.stringContaining('mm'),
    })
  })

  test('is not armed when its servo jumps by more than a degree, which is little more than a tenth of a millimetre', async () => {
    const f = fixture({ joints: { finger } })
    f.bus.servo(1).kick = 0.05
    await f.clock.run(f.hardware.open())
    const problems = await f.clock.run(f.hardware.arm(new AbortController().signal))
    expect(problems.map(({ code }) => code)).toContain('TENDON_ARM_MOVED')
    expect(problems[0]?.what).toContain('0.5 mm')
  })
})
