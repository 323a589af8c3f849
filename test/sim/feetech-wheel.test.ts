import { describe, expect, it } from 'vitest'
import { FeetechServo, type ServoSetup } from '../../src/sim/feetech/servo.ts'
import { frame, high, low, rig } from './rig.ts'

const word = (value: number): Uint8Array => Uint8Array.of(low(value), high(value))
const byte = (value: number): Uint8Array => Uint8Array.of(value)
const REVERSE = 0x8000

/** A powered servo in velocity mode. */
function wheel(setup: ServoSetup = {}): FeetechServo {
  const servo = new FeetechServo({ ...setup, registers: { mode: 1, ...setup.registers } })
  servo.write(40, byte(1), 0)
  return servo
}

/** Acceleration in units of 100 step/s^2, and the speed as the wire carries it. */
function turn(servo: FeetechServo, speed: number, acceleration: number, now: number): void {
  servo.write(41, byte(acceleration), now)
  servo.write(46, word(speed), now)
}

describe('a servo in velocity mode', () => {
  it('gains speed with its acceleration and keeps it', () => {
    const servo = wheel()
    turn(servo, 1000, 10, 0)
    expect(servo.velocity(0.5)).toBeCloseTo(500, 6)
    expect(servo.velocity(1)).toBeCloseTo(1000, 6)
    const [before, after] = [servo.position(2), servo.position(3)]
    expect(after - before).toBeCloseTo(1000, 6)
    expect(servo.velocity(60)).toBe(1000)
  })

  it('turns the other way for the sign bit, and what it shows has it too', () => {
    const servo = wheel()
    turn(servo, REVERSE | 500, 50, 0)
    expect(servo.velocity(1)).toBe(-500)
    expect([...servo.read(58, 2, 1)]).toEqual([0xf4, 0x81])
    const there = servo.position(1)
    expect(servo.position(2) - there).toBeCloseTo(-500, 6)
  })

  it('reverses through standstill with its acceleration', () => {
    const servo = wheel()
    turn(servo, 1000, 10, 0)
    turn(servo, REVERSE | 1000, 10, 2)
    expect(servo.velocity(3)).toBeCloseTo(0, 6)
    expect(servo.velocity(4)).toBeCloseTo(-1000, 6)
  })

  it('keeps the smaller of two accelerations: a register above 50 holds 50', () => {
    const servo = wheel()
    turn(servo, 3400, 200, 0)
    expect(servo.register('acceleration', 0)).toBe(50)
    expect(servo.velocity(0.1)).toBeCloseTo(500, 6)
  })

  it('turns no faster than the motor can', () => {
    const servo = wheel()
    turn(servo, 9000, 0, 0)
    expect(servo.velocity(2)).toBe(3400)
  })

  it('passes from 4095 to 0 and goes on, either way round', () => {
    for (const registers of [{}, { minPosition: 0, maxPosition: 0 }]) {
      const servo = wheel({ position: 4000, registers })
      turn(servo, 1000, 0, 0)
      const seen = Array.from({ length: 100 }, (_, i) => servo.register('presentPosition', i / 10))
      expect(Math.max(...seen)).toBeLessThan(4096)
      expect(Math.min(...seen)).toBeGreaterThanOrEqual(0)
      expect(seen.filter((position, i) => position < (seen[i - 1] ?? 0))).toHaveLength(3)
      expect(servo.position(9.9)).toBeGreaterThan(3 * 4096)
    }
  })

  it('knows no goal position', () => {
    const servo = wheel()
    servo.write(42, word(3000), 0)
    expect(servo.moving(1)).toBe(false)
    expect(servo.register('presentPosition', 1)).toBe(2048)
  })

  it('brakes to 0 when it is told 0, and then has still power', () => {
    const servo = wheel()
    turn(servo, 1000, 10, 0)
    turn(servo, 0, 50, 2)
    expect(servo.velocity(2.1)).toBeCloseTo(500, 6)
    expect([servo.velocity(2.3), servo.moving(2.3), servo.powered(2.3)]).toEqual([0, false, true])
  })

  it('coasts when its torque goes off, and the gear stops it', () => {
    const servo = wheel()
    turn(servo, 2000, 0, 0)
    servo.write(40, byte(0), 1)
    const there = servo.position(1)
    expect(servo.velocity(1.02)).toBeGreaterThan(1000)
    expect(servo.velocity(1.5)).toBe(0)
    expect(servo.position(1.5) - there).toBeGreaterThan(50)
  })

  it('turns again at its last speed when torque comes back: the register forgets nothing', () => {
    const servo = wheel()
    turn(servo, 800, 0, 0)
    servo.write(40, byte(0), 1)
    servo.write(40, byte(1), 2)
    expect(servo.velocity(3)).toBe(800)
    servo.powerCycle(4)
    servo.write(40, byte(1), 4)
    expect(servo.velocity(5)).toBe(0)
  })

  it('that something holds does not turn, loads up and raises the overload alarm', () => {
    const servo = wheel()
    turn(servo, 800, 0, 0)
    servo.jam(true, 1)
    expect(servo.velocity(1.5)).toBe(0)
    expect(servo.register('presentLoad', 1.5)).toBe(1000)
    expect(servo.alarms(4)).toEqual(['overload'])
    servo.jam(false, 4)
    servo.write(40, byte(0), 4)
    servo.write(40, byte(1), 4)
    expect([servo.velocity(5), servo.alarms(5)]).toEqual([800, []])
  })

  it('is told two speeds in one joined write, over the wire', async () => {
    const { ask, servos, now } = await rig({ servos: [{ registers: { mode: 1 } }, { registers: { mode: 1 } }] })
    await ask(frame(0xfe, 3, 40, 1))
    await ask(frame(0xfe, 0x83, 46, 2, 1, ...word(300), 2, ...word(REVERSE | 300)), 1)
    expect(servos.map((servo) => servo.velocity(now()))).toEqual([300, -300])
  })

  it('switched to position mode goes to its goal within the turn in which it is', () => {
    const servo = wheel()
    turn(servo, 1000, 0, 0)
    turn(servo, 0, 0, 10)
    const there = servo.position(11)
    servo.write(33, byte(0), 11)
    servo.write(42, word(1000), 11)
    expect(servo.register('presentPosition', 20)).toBe(1000)
    expect(Math.abs(servo.position(20) - there)).toBeLessThan(4096)
  })
})
