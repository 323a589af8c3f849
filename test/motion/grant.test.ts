import { describe, expect, test } from 'vitest'
import { deg, degPerSec } from '../../src/base/units.ts'
import { type Fixture, fixture, JOINTS, joint, rejection, thrownCode } from './rig-fixture.ts'

const TICK = 0.02

async function armed(options: Parameters<typeof fixture>[0] = {}) {
  const f = fixture(options)
  await f.armed()
  return { ...f, grant: f.hardware.grant(JOINTS, 'run-1') }
}

const frames = ({ bus }: Fixture): number => bus.calls.filter(({ call }) => call === 'setpoints').length

describe('a setpoint is refused, and nothing written', () => {
  test.each<[code: string, call: (f: Fixture) => unknown]>([
    ['TENDON_JOINT_NOT_CLAIMED', ({ hardware }) => hardware.grant(['pan'], 'r').setpoint('lift', 0)],
    ['TENDON_JOINT_NOT_CLAIMED', ({ hardware }) => hardware.grant(['pan'], 'r').setpoint('pann', 0)],
    ['TENDON_SETPOINT_NOT_FINITE', ({ hardware }) => hardware.grant(['pan'], 'r').setpoint('pan', Number.NaN)],
    ['TENDON_SETPOINT_NOT_FINITE', ({ hardware }) => hardware.grant(['pan'], 'r').setpoint('pan', Infinity)],
    ['TENDON_SETPOINT_NOT_FINITE', ({ hardware }) => hardware.grant(['pan'], 'r').setpoint('pan', '1' as never)],
    ['TENDON_POSITION_LIMIT', ({ hardware }) => hardware.grant(['pan'], 'r').setpoint('pan', deg(111))],
    ['TENDON_POSITION_LIMIT', ({ hardware }) => hardware.grant(['pan'], 'r').setpoint('pan', deg(-111))],
    ['TENDON_SETPOINT_JUMP', ({ hardware }) => hardware.grant(['pan'], 'r').setpoint('pan', deg(30))],
    ['TENDON_MOTION_OPTION', ({ hardware }) => hardware.grant(['pan'], 'r').setpoint('pan', 0, Infinity)],
    ['TENDON_MOTION_OPTION', ({ hardware }) => hardware.grant(['pan'], 'r').setpoint('pan', 0, -1)],
  ])('%s', async (code, call) => {
    const f = await armed()
    expect(thrownCode(() => call(f))).toBe(code)
    await f.clock.advance(0.2)
    expect(frames(f)).toBe(0)
  })

  test('TENDON_NOT_ARMED before arming, and TENDON_JOINT_PASSIVE for a joint without a servo', async () => {
    const joints = { pan: joint(1), jaw: { position: [0, 1] as const, velocity: 1 } }
    const f = fixture({ joints })
    await f.clock.run(f.hardware.open())
    const grant = f.hardware.grant(['pan', 'jaw'], 'r')
    expect(thrownCode(() => grant.setpoint('pan', 0))).toBe('TENDON_NOT_ARMED')
    expect(await rejection(grant.moveTo({ pan: 0.1 }, {}))).toMatchObject({ code: 'TENDON_NOT_ARMED' })
    expect(thrownCode(() => grant.setpoint('jaw', 0))).toBe('TENDON_JOINT_PASSIVE')
  })

  test('the same rules for a move, as rejections, and one bad joint keeps all from moving', async () => {
    const f = await armed()
    const code = async (goal: Record<string, number>, options = {}) =>
      ((await rejection(f.grant.moveTo(goal, options))) as { code: string }).code
    expect(await code({ pan: 1, lift: Number.NaN })).toBe('TENDON_SETPOINT_NOT_FINITE')
    expect(await code({ pan: 1, lift: deg(120) })).toBe('TENDON_POSITION_LIMIT')
    expect(await code({ pan: 1, tail: 0 })).toBe('TENDON_JOINT_NOT_CLAIMED')
    for (const speed of [0, -1, 1.1, Number.NaN]) expect(await code({ pan: 1 }, { speed })).toBe('TENDON_MOTION_OPTION')
    await f.clock.advance(0.2)
    expect(frames(f)).toBe(0)
  })
})

describe('streamed setpoints', () => {
  test('are followed tick by tick and never faster than the joint’s velocity limit', async () => {
    const f = await armed()
    for (let i = 1; i <= 40; i++) {
      f.grant.setpoint('pan', deg(3) * i)
      await f.clock.advance(TICK)
      if (i === 36) break
    }
    expect(f.bus.servo(1).position).toBeGreaterThan(deg(100))
    const positions = f.bus.calls.flatMap(({ setpoints }) => setpoints?.map(({ position }) => position) ?? [])
    for (const [i, position] of positions.entries())
      expect(Math.abs(position - (positions[i - 1] ?? 0))).toBeLessThanOrEqual(degPerSec(180) * TICK + 1e-9)
  })

  test('of 10 Hz are spread over the ticks between them', async () => {
    const f = await armed()
    for (let i = 1; i <= 5; i++) {
      f.grant.setpoint('pan', deg(5) * i, 0.15)
      await f.clock.advance(0.1)
    }
    const positions = f.bus.calls.flatMap(({ setpoints }) => setpoints?.map(({ position }) => position) ?? [])
    const steps = positions.slice(1).map((position, i) => position - (positions[i] as number))
    expect(Math.max(...steps)).toBeLessThanOrEqual(deg(1) * 1.3)
  })

  test('sent faster than the tick save up no speed: 200 Hz at twice the limit is refused', async () => {
    const f = await armed()
    let code: string | undefined
    for (let i = 1; i <= 100 && !code; i++) {
      code = thrownCode(() => f.grant.setpoint('pan', degPerSec(360) * 0.005 * i))
      await f.clock.advance(0.005)
    }
    expect(code).toBe('TENDON_SETPOINT_JUMP')
    expect(f.bus.servo(1).goal).toBeLessThan(deg(40))
  })

  test('that dry up make the joint brake and rest, short of a target that it has not reached', async () => {
    const f = await armed()
    f.grant.setpoint('pan', deg(20), 0.04)
    await f.clock.advance(1)
    const at = f.bus.servo(1).position
    // Two or three ticks at 180 degrees/s, then it brakes; the ramp would need 40 degrees and ends at the target.
    expect(at).toBeLessThanOrEqual(deg(20) + 1e-9)
    expect(f.bus.servo(1).velocity).toBe(0)
    const quiet = frames(f)
    await f.clock.advance(1)
    expect(f.bus.servo(1).position).toBe(at)
    expect(frames(f)).toBe(quiet)
  })

  test('that dry up on the way end it by the ramp at the acceleration limit', async () => {
    const f = await armed()
    await f.clock.advance(0.2)
    // 2 degrees in 0.1 s are 20 degrees/s, which need 0.5 degrees to brake.
    f.grant.setpoint('pan', deg(2), 0.02)
    await f.clock.advance(1)
    expect(f.bus.servo(1).position).toBeGreaterThan(deg(0.4))
    expect(f.bus.servo(1).position).toBeLessThan(deg(1.5))
  })

  test('near a limit brake without crossing it', async () => {
    const f = await armed()
    await f.clock.run(f.grant.moveTo({ pan: deg(100) }, {}))
    for (let i = 1; i <= 3; i++) {
      f.grant.setpoint('pan', deg(100) + deg(3.3) * i)
      await f.clock.advance(TICK)
    }
    await f.clock.advance(1)
    expect(f.bus.servo(1).position).toBeLessThanOrEqual(deg(110) + 1e-9)
  })

  test('after a pause may not lie further away than before it: pauses save up nothing', async () => {
    const f = await armed()
    await f.clock.advance(60)
    expect(thrownCode(() => f.grant.setpoint('pan', deg(25)))).toBe('TENDON_SETPOINT_JUMP')
    expect(thrownCode(() => f.grant.setpoint('pan', deg(20)))).toBe(undefined)
  })
})

describe('a grant that is over', () => {
  test.each([
    ['revoke', (f: Awaited<ReturnType<typeof armed>>) => f.grant.revoke()],
    ['a stop', (f: Awaited<ReturnType<typeof armed>>) => f.hardware.stopNow()],
  ])('by %s refuses and counts every call, and no setpoint goes out any more', async (_what, end) => {
    const f = await armed()
    await f.clock.advance(0.1)
    end(f)
    const before = frames(f)
    expect(thrownCode(() => f.grant.setpoint('pan', 0))).toBe('TENDON_ACCESS_REVOKED')
    for (const call of [f.grant.moveTo({ pan: 1 }, {}), f.grant.release(['pan']), f.grant.engage(['pan'])])
      expect(await rejection(call)).toMatchObject({ code: 'TENDON_ACCESS_REVOKED' })
    await f.clock.advance(1)
    expect(frames(f)).toBe(before)
    const late = f.notes.filter(({ type }) => type === 'late_write')
    expect(late.map(({ facts }) => facts.count)).toEqual([1, 2, 3, 4])
    expect(late[0]?.facts).toMatchObject({ run: 'run-1', call: 'setpoint', joints: ['pan'] })
  })

  test('by revoke brakes what it was moving, within the limits', async () => {
    const f = await armed()
    const move = rejection(f.grant.moveTo({ pan: deg(100) }, {}))
    await f.clock.advance(0.5)
    f.grant.revoke()
    expect(await move).toMatchObject({ code: 'TENDON_ACCESS_REVOKED' })
    await f.clock.advance(1)
    // 180 degrees/s need 40 degrees to brake.
    expect(f.bus.servo(1).position).toBeLessThan(deg(92))
    expect(f.bus.servo(1).velocity).toBe(0)
  })

  test('stays dead when the robot is armed again', async () => {
    const f = await armed()
    await f.stopped()
    await f.clock.run(f.hardware.arm(new AbortController().signal))
    f.hardware.openGate()
    expect(thrownCode(() => f.grant.setpoint('pan', 0))).toBe('TENDON_ACCESS_REVOKED')
    expect(thrownCode(() => f.hardware.grant(JOINTS, 'run-2').setpoint('pan', 0))).toBe(undefined)
  })

  test('revoked late does not touch the motion of the run that came after it', async () => {
    const f = await armed()
    await f.clock.run(f.grant.moveTo({ pan: deg(10) }, {}))
    const next = f.hardware.grant(JOINTS, 'run-2')
    const move = next.moveTo({ pan: deg(50) }, {})
    await f.clock.advance(0.2)
    f.grant.revoke()
    await f.clock.run(move)
    expect(f.bus.servo(1).position).toBeCloseTo(deg(50), 3)
  })
})

test('a paused grant is refused, its move ends and brakes; resumed, it moves again', async () => {
  const f = await armed()
  const move = rejection(f.grant.moveTo({ pan: deg(100) }, {}))
  await f.clock.advance(0.4)
  f.grant.pause()
  expect(await move).toMatchObject({ code: 'TENDON_ACCESS_PAUSED' })
  expect(thrownCode(() => f.grant.setpoint('pan', 0))).toBe('TENDON_ACCESS_PAUSED')
  await f.clock.run(f.hardware.grant(['pan'], 'child').moveTo({ pan: deg(5) }, {}))
  f.grant.resume()
  await f.clock.run(f.grant.moveTo({ pan: deg(-5) }, {}))
  expect(f.bus.servo(1).position).toBeCloseTo(deg(-5), 3)
})

describe('release and engage', () => {
  test('make a joint limp, verified, and bring it back where the hand left it', async () => {
    const f = await armed()
    await f.clock.run(f.grant.release(['pan']))
    expect(f.bus.servo(1).powered).toBe(false)
    expect(f.bus.servo(2).powered).toBe(true)
    expect(await rejection(f.grant.moveTo({ pan: 0.5 }, {}))).toMatchObject({ code: 'TENDON_JOINT_LIMP' })
    f.bus.servo(1).position = deg(40)
    await f.clock.run(f.grant.engage(['pan']))
    expect(f.bus.servo(1).powered).toBe(true)
    expect(Math.abs(f.bus.servo(1).position - deg(40))).toBeLessThan(deg(1))
    await f.clock.run(f.grant.moveTo({ pan: deg(45) }, {}))
    expect(f.bus.servo(1).position).toBeCloseTo(deg(45), 3)
  })

  test('a release that cannot be read back names the joint', async () => {
    const f = await armed()
    f.bus.servo(1).clinging = true
    expect(await f.clock.run(rejection(f.grant.release(['pan'])))).toMatchObject({
      code: 'TENDON_TORQUE_NOT_CONFIRMED',
      problem: { power: 'unknown', facts: { joint: 'pan', want: 'off' } },
    })
  })

  test('a stop cuts a released joint and does not power it up to freeze it', async () => {
    const f = await armed()
    await f.clock.run(f.grant.release(['pan']))
    f.hardware.stopNow()
    expect(f.bus.calls.at(-1)?.plan?.cut).toContain(1)
    expect((await f.clock.run(f.hardware.finishStop({ cut: false }))).confirmed).toBe(true)
  })

  test.each(Array.from({ length: 12 }, (_, i) => i * 0.006))(
    'a stop after %f s of an engage leaves nothing powered',
    async (delay) => {
      const f = await armed()
      await f.clock.run(f.grant.release(['pan']))
      const engaging = f.grant.engage(['pan']).catch((error: unknown) => error)
      await f.clock.advance(delay)
      f.hardware.stopNow()
      const verdict = await f.clock.run(f.hardware.finishStop({ cut: false }))
      await f.clock.run(engaging)
      await f.clock.advance(1)
      expect(verdict.confirmed).toBe(true)
      expect(f.bus.servo(1).powered).toBe(false)
    },
  )
})
