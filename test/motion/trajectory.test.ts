import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BrakingRamp, type Profile, planTogether, TrapezoidProfile } from '../../src/motion/trajectory.ts'

// Whole thousandths: shrinking arbitrary doubles takes minutes and shows nothing more.
const thousandths = (min: number, max: number) =>
  fc.integer({ min: min * 1000, max: max * 1000 }).map((value) => value / 1000)
const angle = thousandths(-10, 10)
const positive = thousandths(0.01, 50)
const motion = fc.record({ from: angle, to: angle, velocity: positive, acceleration: positive })
const STEPS = 200

/** The extremes of a profile, looked at in many places. `sign` is the direction in which it should go. */
function extremes(profile: Profile, sign: number) {
  const dt = profile.duration / STEPS
  const found = { speed: 0, acceleration: 0, leastAcceleration: Infinity, back: 0, mismatch: 0 }
  let before = profile.sample(0)
  for (let i = 1; i <= STEPS; i++) {
    const point = profile.sample(i * dt)
    const mean = (point.position - before.position) / dt
    const rate = Math.abs(point.velocity - before.velocity) / dt
    found.speed = Math.max(found.speed, Math.abs(point.velocity))
    found.acceleration = Math.max(found.acceleration, rate)
    found.leastAcceleration = Math.min(found.leastAcceleration, rate)
    found.back = Math.max(found.back, -sign * (point.position - before.position))
    found.mismatch = Math.max(found.mismatch, Math.abs(mean - (point.velocity + before.velocity) / 2))
    before = point
  }
  return { ...found, dt }
}

describe('a trapezoid', () => {
  test('begins and ends exactly at its positions, at rest', () => {
    fc.assert(
      fc.property(motion, positive, (m, stretch) => {
        const profile = new TrapezoidProfile(m, stretch)
        expect(profile.sample(0)).toEqual({ position: m.from, velocity: 0 })
        expect(profile.sample(profile.duration)).toEqual({ position: m.to, velocity: 0 })
        expect(profile.sample(profile.duration + 1)).toEqual({ position: m.to, velocity: 0 })
      }),
    )
  })

  test('never exceeds its velocity or its acceleration, and never turns back', () => {
    fc.assert(
      fc.property(motion, thousandths(0, 5), (m, stretch) => {
        fc.pre(m.from !== m.to)
        const found = extremes(new TrapezoidProfile(m, stretch), Math.sign(m.to - m.from))
        expect(found.speed).toBeLessThanOrEqual(m.velocity * (1 + 1e-9))
        expect(found.acceleration).toBeLessThanOrEqual(m.acceleration * (1 + 1e-6))
        expect(found.back).toBeLessThanOrEqual(1e-12)
      }),
    )
  })

  test('has the velocity that its positions show', () => {
    fc.assert(
      fc.property(motion, (m) => {
        fc.pre(m.from !== m.to)
        const { mismatch, dt } = extremes(new TrapezoidProfile(m), Math.sign(m.to - m.from))
        // Where the acceleration changes within a step, the mean of its ends is off by a quarter step at most.
        expect(mismatch).toBeLessThanOrEqual(m.acceleration * dt * 0.5 + 1e-9)
      }),
    )
  })

  test('takes the textbook time: 1 rad at 1 rad/s and 2 rad/s² takes 1.5 s, 0.125 rad takes 0.5 s', () => {
    const limits = { velocity: 1, acceleration: 2 }
    expect(new TrapezoidProfile({ from: 0, to: 1, ...limits }).duration).toBeCloseTo(1.5, 12)
    expect(new TrapezoidProfile({ from: 0, to: 0.125, ...limits }).duration).toBeCloseTo(0.5, 12)
    expect(new TrapezoidProfile({ from: 1, to: 1, ...limits }).duration).toBe(0)
    expect(new TrapezoidProfile({ from: 0, to: 5e-324, ...limits }).sample(1).position).toBe(5e-324)
  })
})

test('planned together, all joints take as long as the slowest one alone needs', () => {
  fc.assert(
    fc.property(fc.array(motion, { minLength: 1, maxLength: 6 }), (motions) => {
      const slowest = Math.max(...motions.map((m) => new TrapezoidProfile(m).duration))
      for (const profile of planTogether(motions)) expect(profile.duration).toBe(slowest)
    }),
  )
})

test('a braking ramp decelerates at exactly its limit, never turns back, and ends at rest', () => {
  fc.assert(
    fc.property(angle, thousandths(-20, 20), positive, (from, velocity, acceleration) => {
      fc.pre(velocity !== 0)
      const ramp = new BrakingRamp(from, velocity, acceleration)
      const found = extremes(ramp, Math.sign(velocity))
      expect(ramp.sample(ramp.duration)).toEqual({ position: ramp.end, velocity: 0 })
      expect(Math.abs(ramp.end - from)).toBeCloseTo((velocity * velocity) / (2 * acceleration), 6)
      expect(found.back).toBeLessThanOrEqual(1e-9)
      expect(found.acceleration).toBeLessThanOrEqual(acceleration * (1 + 1e-6))
      expect(found.leastAcceleration).toBeGreaterThanOrEqual(acceleration * (1 - 1e-6))
    }),
  )
})
