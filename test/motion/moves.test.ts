import { describe, expect, test } from 'vitest'
import { deg, degPerSec, degPerSec2 } from '../../src/base/units.ts'
import { type Fixture, fixture, JOINTS, joint, rejection } from './rig-fixture.ts'

const RATE = 50
const ACCELERATION = degPerSec2(400)
const VELOCITY = degPerSec(180)

async function armed(options: Parameters<typeof fixture>[0] = {}) {
  const f = fixture(options)
  await f.armed()
  return { ...f, grant: f.hardware.grant(JOINTS, 'run-1') }
}

/** The setpoints that one servo was sent, in order. */
const track = ({ bus }: Fixture, id: number): { at: number; position: number; velocity: number | undefined }[] =>
  bus.calls.flatMap(({ call, at, setpoints }) => {
    const setpoint = call === 'setpoints' ? setpoints?.find((one) => one.id === id) : undefined
    return setpoint ? [{ at, position: setpoint.position, velocity: setpoint.velocity }] : []
  })

/** The largest speed, and the largest change of speed, between the setpoints of one servo. */
function extremes(f: Fixture, id: number, start: number) {
  const points = [start, start, ...track(f, id).map(({ position }) => position)]
  const speeds = points.slice(1).map((position, i) => (position - (points[i] as number)) * RATE)
  const rates = speeds.slice(1).map((speed, i) => Math.abs(speed - (speeds[i] as number)) * RATE)
  return { speed: Math.max(...speeds.map(Math.abs)), rate: Math.max(...rates), last: points.at(-1) as number }
}

describe('moveTo', () => {
  test('brings all joints to their goals at the same tick, within their limits, and resolves on measured arrival', async () => {
    const f = await armed()
    const result = await f.clock.run(f.grant.moveTo({ pan: deg(100), lift: deg(-30), grip: deg(1) }, {}))
    const ends = [1, 2, 6].map((id) => {
      const points = track(f, id)
      const last = points.at(-1)?.position
      return points.find(({ position }) => position === last)?.at
    })
    expect(new Set(ends).size).toBe(1)
    for (const id of [1, 2, 6]) {
      const { speed, rate } = extremes(f, id, 0)
      expect(speed).toBeLessThanOrEqual(VELOCITY * (1 + 1e-6))
      expect(rate).toBeLessThanOrEqual(ACCELERATION * (1 + 1e-6))
    }
    expect(result.position).toEqual({
      pan: f.bus.servo(1).position,
      lift: f.bus.servo(2).position,
      grip: f.bus.servo(6).position,
    })
    expect(f.bus.servo(1).position).toBeCloseTo(deg(100), 3)
    // 100 degrees at 180 degrees/s and 400 degrees/s² take 1.006 s; then 0.1 s to settle.
    expect(result.duration).toBeGreaterThan(1.1)
    expect(result.duration).toBeLessThan(1.25)
  })

  test('writes each tick one joined setpoint frame, never more than one tick ahead of the last one', async () => {
    const f = await armed()
    await f.clock.run(f.grant.moveTo({ pan: deg(60), lift: deg(60) }, {}))
    const frames = f.bus.calls.filter(({ call }) => call === 'setpoints')
    for (const [i, { at, setpoints }] of frames.entries()) {
      expect(setpoints?.map(({ id }) => id)).toEqual([1, 2])
      if (i > 0) expect(at - (frames[i - 1]?.at ?? 0)).toBeGreaterThan(1 / RATE - 0.003)
    }
    for (const { velocity } of track(f, 1)) expect(velocity).toBeLessThanOrEqual(VELOCITY)
  })

  test('does not resolve while a joint is out of its tolerance', async () => {
    const f = await armed()
    let done = false
    const move = f.grant.moveTo({ pan: deg(20) }, {}).finally(() => {
      done = true
    })
    await f.clock.advance(0.2)
    f.bus.servo(1).stuck = true
    await f.clock.advance(0.4)
    expect(done).toBe(false)
    f.bus.servo(1).stuck = false
    await f.clock.run(move)
  })

  test('tells progress at each tick, rising, 1 only on arrival', async () => {
    const f = await armed()
    const seen: number[] = []
    await f.clock.run(f.grant.moveTo({ pan: deg(50) }, { onProgress: ({ fraction }) => seen.push(fraction) }))
    expect(seen.length).toBeGreaterThan(25)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen.filter((fraction) => fraction === 1)).toHaveLength(1)
  })

  test('at half speed keeps to half of the velocity limit', async () => {
    const f = await armed()
    await f.clock.run(f.grant.moveTo({ pan: deg(100) }, { speed: 0.5 }))
    expect(extremes(f, 1, 0).speed).toBeCloseTo(VELOCITY / 2, 6)
  })

  test('applies direction, offset and gear: the servo gets its own angle', async () => {
    const spec = joint(1, 'park', { direction: -1, offset: 0.2, gear: 2, position: [-1, 1] })
    const f = fixture({ joints: { pan: spec } })
    await f.armed()
    expect(f.hardware.joint('pan')).toMatchObject({ status: 'fresh', position: 0.2 })
    await f.clock.run(f.hardware.grant(['pan'], 'run-1').moveTo({ pan: 0.7 }, {}))
    expect(f.bus.servo(1).position).toBeCloseTo(-1, 6)
    expect(f.hardware.joint('pan')).toMatchObject({ position: expect.closeTo(0.7, 6) })
  })

  test('with no joint in the goal is done at once', async () => {
    const f = await armed()
    expect(await f.grant.moveTo({ pan: undefined }, {})).toEqual({ position: {}, duration: 0 })
  })

  test('fails with what onProgress throws, and brakes', async () => {
    const f = await armed()
    const broken = new Error('bar broken')
    const move = f.grant.moveTo(
      { pan: deg(90) },
      {
        onProgress: ({ fraction }) => {
          if (fraction > 0.5) throw broken
        },
      },
    )
    expect(await f.clock.run(rejection(move))).toBe(broken)
    await f.clock.advance(1)
    expect(f.bus.servo(1).position).toBeLessThan(deg(89))
    expect(extremes(f, 1, 0).rate).toBeLessThanOrEqual(ACCELERATION * (1 + 1e-6))
  })
})

describe('an aborted move', () => {
  test.each([0.05, 0.2, 0.4, 0.5, 0.7, 0.95, 1.0])(
    'after %f s rejects with the signal’s reason and brakes within the limits, without a jump',
    async (delay) => {
      const f = await armed()
      const controller = new AbortController()
      const reason = new Error('enough')
      const move = rejection(f.grant.moveTo({ pan: deg(100), lift: deg(-50) }, {}, controller.signal))
      await f.clock.advance(delay)
      controller.abort(reason)
      expect(await move).toBe(reason)
      await f.clock.advance(1.5)
      for (const id of [1, 2]) {
        const { rate, speed, last } = extremes(f, id, 0)
        expect(rate).toBeLessThanOrEqual(ACCELERATION * (1 + 1e-6))
        expect(speed).toBeLessThanOrEqual(VELOCITY * (1 + 1e-6))
        expect(f.bus.servo(id).position).toBeCloseTo(last, 6)
        expect(Math.abs(last)).toBeLessThanOrEqual(deg(id === 1 ? 100 : 50) + 1e-9)
      }
    },
  )

  test('whose signal was aborted before writes nothing', async () => {
    const f = await armed()
    const reason = new Error('too late')
    expect(await rejection(f.grant.moveTo({ pan: 1 }, {}, AbortSignal.abort(reason)))).toBe(reason)
    await f.clock.advance(0.5)
    expect(track(f, 1)).toEqual([])
  })
})

describe('a stalled joint', () => {
  test('is named with where it is and where it should be; the others brake, and it no longer pushes', async () => {
    const f = await armed()
    f.bus.servo(3).stuck = true
    const error = await f.clock.run(rejection(f.grant.moveTo({ pan: deg(90), elbow: deg(90) }, { speed: 0.3 })))
    expect(error).toMatchObject({
      code: 'TENDON_JOINT_STALLED',
      problem: { facts: { joint: 'elbow', at: 0, goal: deg(90) } },
    })
    await f.clock.advance(1)
    expect(f.bus.servo(3).goal).toBeCloseTo(0, 6)
    expect(f.bus.servo(1).position).toBeLessThan(deg(45))
    expect(extremes(f, 1, 0).rate).toBeLessThanOrEqual(ACCELERATION * (1 + 1e-6))
  })

  test('is noticed although it stalls within the last degrees, where it hardly lags', async () => {
    const f = await armed()
    const move = rejection(f.grant.moveTo({ pan: deg(30) }, {}))
    while (f.bus.servo(1).position < deg(25)) await f.clock.advance(0.01)
    f.bus.servo(1).stuck = true
    const start = f.clock.now()
    expect(await f.clock.run(move)).toMatchObject({ code: 'TENDON_JOINT_STALLED' })
    expect(f.clock.now() - start).toBeLessThan(2)
  })
})

describe('a newer motion of the same joints', () => {
  test('replaces an older move: the old one rejects, joints come to rest within limits, then leave for the new goal', async () => {
    const f = await armed()
    const old = rejection(f.grant.moveTo({ pan: deg(100), lift: deg(50) }, {}))
    await f.clock.advance(0.5)
    const next = f.grant.moveTo({ pan: deg(-20) }, {})
    expect(await old).toMatchObject({ code: 'TENDON_MOVE_REPLACED' })
    await f.clock.run(next)
    expect(f.bus.servo(1).position).toBeCloseTo(deg(-20), 3)
    for (const id of [1, 2]) expect(extremes(f, id, 0).rate).toBeLessThanOrEqual(ACCELERATION * (1 + 1e-6))
    expect(f.bus.servo(2).position).toBeLessThan(deg(45))
  })

  test('by a streamed setpoint ends the move too', async () => {
    const f = await armed()
    const old = rejection(f.grant.moveTo({ pan: deg(100), lift: deg(50) }, {}))
    await f.clock.advance(0.5)
    f.grant.setpoint('pan', f.bus.servo(1).goal)
    expect(await old).toMatchObject({ code: 'TENDON_MOVE_REPLACED' })
  })
})

describe('halt', () => {
  test('brakes within the limits, keeps power, and confirms only what was read standing still', async () => {
    const f = await armed()
    const move = rejection(f.grant.moveTo({ pan: deg(100) }, {}))
    await f.clock.advance(0.5)
    const report = await f.clock.run(f.hardware.halt(['pan', 'lift']))
    expect(report).toEqual({ confirmed: true, moving: [] })
    expect(await move).toMatchObject({ code: 'TENDON_MOVE_REPLACED' })
    expect(f.bus.servo(1).velocity).toBe(0)
    expect(f.bus.servo(1).powered).toBe(true)
    expect(extremes(f, 1, 0).rate).toBeLessThanOrEqual(ACCELERATION * (1 + 1e-6))
  })

  test('of joints that rest is confirmed without waiting', async () => {
    const f = await armed()
    await f.clock.advance(0.2)
    const start = f.clock.now()
    expect(await f.clock.run(f.hardware.halt(JOINTS))).toEqual({ confirmed: true, moving: [] })
    expect(f.clock.now() - start).toBeLessThan(0.001)
  })

  test('is not confirmed, after its bound, for a joint that does not answer', async () => {
    const f = await armed({ limits: { silence: 100 } })
    const move = rejection(f.grant.moveTo({ pan: deg(100), lift: deg(10) }, {}))
    await f.clock.advance(0.5)
    f.bus.servo(2).muted = true
    const start = f.clock.now()
    expect(await f.clock.run(f.hardware.halt(['pan', 'lift']))).toEqual({ confirmed: false, moving: ['lift'] })
    expect(f.clock.now() - start).toBeCloseTo(1.5, 2)
    await move
  })

  test('works without power: confirmed when read still', async () => {
    const f = fixture()
    await f.clock.run(f.hardware.open())
    expect(await f.clock.run(f.hardware.halt(JOINTS))).toEqual({ confirmed: true, moving: [] })
  })
})
