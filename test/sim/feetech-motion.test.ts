import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FeetechServo } from '../../src/sim/feetech/servo.ts'
import { high, low } from './rig.ts'

const word = (value: number): Uint8Array => Uint8Array.of(low(value), high(value))
const byte = (value: number): Uint8Array => Uint8Array.of(value)

/** Acceleration, goal, time and speed in one write, as a driver does it. */
function go(servo: FeetechServo, goal: number, speed: number, acceleration: number, now: number): void {
  servo.write(41, Uint8Array.of(acceleration, low(goal), high(goal), 0, 0, low(speed), high(speed)), now)
}

function powered(setup: ConstructorParameters<typeof FeetechServo>[0] = {}): FeetechServo {
  const servo = new FeetechServo(setup)
  servo.write(40, byte(1), 0)
  return servo
}

/** How long a trapezoid takes from rest to rest, in closed form. */
function trapezoid(distance: number, velocity: number, acceleration: number): number {
  const ramps = velocity ** 2 / acceleration
  return distance >= ramps ? velocity / acceleration + distance / velocity : 2 * Math.sqrt(distance / acceleration)
}

function arrival(servo: FeetechServo, goal: number, from: number): number {
  for (let ms = 1; ms < 60_000; ms++) if (servo.position(from + ms / 1000) === goal) return ms / 1000
  return Infinity
}

describe('motion to a goal', () => {
  it.each([
    [1000, 800, 20],
    [200, 3400, 50],
    [2000, 100, 1],
    [1500, 3400, 10],
  ])('%d steps at %d step/s and acceleration %d take what the closed formula says', (distance, speed, acceleration) => {
    const servo = powered({ position: 1000 })
    go(servo, 1000 + distance, speed, acceleration, 0)
    const expected = trapezoid(distance, speed, acceleration * 100)
    expect(Math.abs(arrival(servo, 1000 + distance, 0) - expected)).toBeLessThan(0.004)
  })

  it('a move after a long rest takes its full time', () => {
    const servo = powered({ position: 1000 })
    expect(servo.position(100)).toBe(1000)
    go(servo, 2000, 800, 20, 100)
    expect(Math.abs(arrival(servo, 2000, 100) - trapezoid(1000, 800, 2000))).toBeLessThan(0.004)
  })

  it('speed 0 is the largest: 3400 step/s, and no register makes it faster', () => {
    for (const speed of [0, 3400, 5000]) {
      const servo = powered({ position: 100 })
      go(servo, 4000, speed, 50, 0)
      expect(servo.register('presentVelocity', 0.8)).toBe(3400)
      expect(servo.register('moving', 0.8)).toBe(1)
    }
  })

  it('acceleration 0 is the largest', () => {
    const servo = powered({ position: 100 })
    go(servo, 3500, 0, 0, 0)
    expect(arrival(servo, 3500, 0)).toBeCloseTo(trapezoid(3400, 3400, 25_000), 2)
  })

  it('never passes the goal, nor the speed, nor the acceleration, and comes to rest exactly on the goal', () => {
    const goal = fc.integer({ min: 0, max: 4095 })
    const speed = fc.integer({ min: 200, max: 3400 })
    const acceleration = fc.integer({ min: 1, max: 50 })
    fc.assert(
      fc.property(goal, goal, speed, acceleration, (start, end, fastest, units) => {
        const servo = powered({ position: start })
        go(servo, end, fastest, units, 0)
        const duration = trapezoid(Math.abs(end - start), fastest, units * 100) + 0.01
        const wrong: string[] = []
        for (let now = 0, before = 0; now <= duration; now += 0.001) {
          const position = servo.position(now)
          const velocity = servo.velocity(now)
          if (position < Math.min(start, end) || position > Math.max(start, end)) wrong.push(`${now}: at ${position}`)
          if (Math.abs(velocity) > fastest + 1e-9) wrong.push(`${now}: speed ${velocity}`)
          // Two steps may lie between two looks.
          if (Math.abs(velocity - before) > units * 100 * 0.002 + 1e-6) wrong.push(`${now}: jerked to ${velocity}`)
          before = velocity
        }
        expect(wrong).toEqual([])
        expect(servo.position(duration)).toBe(end)
        expect(servo.velocity(duration)).toBe(0)
        expect(servo.register('moving', duration)).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  it('does not depend on who looks when: any polling gives the same bytes', () => {
    const play = (reads: readonly number[]): string => {
      const servo = powered({ position: 500, gravity: 0.2 })
      const commands: [number, () => void][] = [
        [0.0105, () => go(servo, 3000, 900, 12, 0.0105)],
        [0.6, () => go(servo, 1000, 0, 50, 0.6)],
        [0.7, () => servo.jam(true, 0.7)],
        [1.9, () => servo.jam(false, 1.9)],
        [3, () => servo.write(40, byte(0), 3)],
      ]
      const looks = reads.map((now): [number, () => void] => [now, () => servo.read(0, 90, now)])
      for (const [, act] of [...commands, ...looks].sort((a, b) => a[0] - b[0])) act()
      return `${servo.read(0, 90, 5)} ${servo.position(5)} ${servo.temperature(5)}`
    }
    const still = play([])
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { maxLength: 60 }), (reads) => {
        expect(play(reads)).toBe(still)
      }),
      { numRuns: 50 },
    )
  })

  it('a goal behind the moving shaft makes it brake with its acceleration, and come back', () => {
    const servo = powered({ position: 500 })
    go(servo, 3500, 1000, 10, 0)
    go(servo, 1500, 1000, 10, 1.4)
    const passed = servo.position(1.9)
    expect(passed).toBeGreaterThan(1500)
    expect(servo.register('presentPosition', 5)).toBe(1500)
  })

  it('a lower speed takes effect on the way', () => {
    const servo = powered({ position: 500 })
    go(servo, 3500, 1000, 50, 0)
    expect(servo.register('presentVelocity', 0.5)).toBe(1000)
    servo.write(46, word(200), 0.5)
    expect(servo.register('presentVelocity', 1)).toBe(200)
  })

  it('a mechanical end stops it, with load', () => {
    const servo = powered({ position: 2000, travel: [1000, 2200] })
    go(servo, 3000, 0, 50, 0)
    expect(servo.position(1.5)).toBe(2200)
    expect(servo.register('presentLoad', 1.5)).toBe(1000)
    go(servo, 2100, 0, 50, 1.6)
    expect(servo.position(3)).toBe(2100)
  })

  it('in velocity mode it turns until it is told 0', () => {
    const servo = powered({ registers: { mode: 1, minPosition: 0, maxPosition: 0 } })
    servo.write(41, byte(50), 0)
    servo.write(46, word(0x8000 | 500), 0)
    expect(servo.register('presentVelocity', 1)).toBe(-500)
    servo.write(46, word(0), 1)
    expect(servo.register('presentVelocity', 2)).toBe(0)
  })
})

describe('without torque', () => {
  it('the shaft stays where friction holds it, and does not follow goals', () => {
    const servo = new FeetechServo({ position: 1234 })
    go(servo, 3000, 0, 50, 0)
    expect(servo.register('presentPosition', 10)).toBe(1234)
  })

  it('torque off in the middle of a move stops it within a few steps', () => {
    const servo = powered({ position: 500 })
    go(servo, 3500, 1000, 50, 0)
    servo.write(40, byte(0), 1)
    const there = servo.position(1)
    expect(servo.velocity(1.1)).toBe(0)
    expect(servo.position(2) - there).toBeLessThan(30)
    expect(servo.position(2) - there).toBeGreaterThan(0)
  })

  it('a load makes it fall to its mechanical end; powered it holds, with load', () => {
    const servo = powered({ position: 3000, gravity: -0.4, travel: [1000, 3500] })
    expect(servo.position(2)).toBe(3000)
    expect(servo.register('presentLoad', 2)).toBe(400)
    servo.write(40, byte(0), 2)
    expect(servo.position(2.3)).toBeLessThan(2950)
    expect(servo.position(10)).toBe(1000)
    expect(servo.velocity(10)).toBe(0)
  })

  it('can be turned by hand, as far as the mechanics let it', () => {
    const servo = new FeetechServo({ travel: [1000, 3000] })
    servo.turnTo(1500, 0)
    expect(servo.register('presentPosition', 1)).toBe(1500)
    servo.turnTo(200, 1)
    expect(servo.register('presentPosition', 1)).toBe(1000)
  })

  it('an hour of rest costs nothing to skip', () => {
    const servo = powered()
    go(servo, 3000, 0, 50, 0)
    servo.advance(5)
    expect(servo.register('presentPosition', 1e9)).toBe(3000)
  })
})

describe('a mechanical end', () => {
  it('that the shaft ran into in its fall upwards lets it fall down again', () => {
    const servo = powered({ position: 2000, gravity: -0.3, travel: [1000, 2700] })
    go(servo, 2290, 3400, 0, 0)
    servo.write(40, byte(0), 0.085)
    expect(servo.position(0.2)).toBeLessThanOrEqual(2700)
    expect(servo.position(10)).toBe(1000)
  })
})
