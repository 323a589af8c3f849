import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BrakingRamp, planTogether, TrapezoidProfile } from '../../src/motion/trajectory.ts'

const angle = fc.double({ min: -10, max: 10, noNaN: true })
const positive = fc.double({ min: 0.01, max: 50, noNaN: true })
const motion = fc.record({ from: angle, to: angle, velocity: positive, acceleration: positive })
const STEPS = 200

function samples(profile: { duration: number; sample(t: number): { position: number; velocity: number } }) {
  const dt = profile.duration / STEPS
  return { dt, points: Array.from({ length: STEPS + 1 }, (_, i) => profile.sample(i * dt)) }
}

describe('a trapezoid', () => {
  test('begins and ends exactly at its positions, at rest', () => {
    fc.assert(
      fc.property(motion, positive, (m, stretch) => {
        const profile = new TrapezoidProfile(m, stretch)
        if (profile.duration > 0) expect(profile.sample(0)).toEqual({ position: m.from, velocity: 0 })
        expect(profile.sample(profile.duration)).toEqual({ position: m.to, velocity: 0 })
        expect(profile.sample(profile.duration + 1)).toEqual({ position: m.to, velocity: 0 })
      }),
    )
  })

  test('never exceeds its velocity or its acceleration and never turns back', () => {
    fc.assert(
      fc.property(motion, positive, (m, stretch) => {
        const { dt, points } = samples(new TrapezoidProfile(m, stretch))
        const sign = Math.sign(m.to - m.from)
        for (const [i, point] of points.entries()) {
          const before = points[i - 1]
          expect(Math.abs(point.velocity)).toBeLessThanOrEqual(m.velocity * (1 + 1e-9))
          if (!before || dt === 0) continue
          expect(sign * (point.position - before.position)).toBeGreaterThanOrEqual(-1e-9)
          expect(Math.abs(point.velocity - before.velocity) / dt).toBeLessThanOrEqual(m.acceleration * (1 + 1e-6) + 1e-6)
        }
      }),
    )
  })

  test('has the velocity that its positions show', () => {
    fc.assert(
      fc.property(motion, (m) => {
        const { dt, points } = samples(new TrapezoidProfile(m))
        for (const [i, point] of points.entries()) {
          const before = points[i - 1]
          if (!before || dt === 0) continue
          const mean = (point.position - before.position) / dt
          const tolerance = m.acceleration * dt + 1e-6
          expect(Math.abs(mean - point.velocity)).toBeLessThanOrEqual(tolerance)
        }
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
    fc.property(angle, fc.double({ min: -20, max: 20, noNaN: true }), positive, (from, velocity, acceleration) => {
      const ramp = new BrakingRamp(from, velocity, acceleration)
      const { dt, points } = samples(ramp)
      expect(ramp.sample(ramp.duration)).toEqual({ position: ramp.end, velocity: 0 })
      expect(Math.abs(ramp.end - from)).toBeCloseTo((velocity * velocity) / (2 * acceleration), 6)
      for (const [i, point] of points.entries()) {
        const before = points[i - 1]
        if (!before || dt === 0) continue
        expect(Math.sign(velocity) * (point.position - before.position)).toBeGreaterThanOrEqual(-1e-9)
        const rate = Math.abs(point.velocity - before.velocity) / dt
        expect(Math.abs(rate - acceleration)).toBeLessThanOrEqual(acceleration * 1e-6 + (1e-12 * Math.abs(velocity)) / dt)
      }
    }),
  )
})
