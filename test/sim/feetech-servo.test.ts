import { describe, expect, it } from 'vitest'
import { Memory } from '../../src/sim/feetech/memory.ts'
import { FeetechServo } from '../../src/sim/feetech/servo.ts'
import { fromSignMagnitude, toSignMagnitude } from '../../src/sim/feetech/sign-magnitude.ts'
import { high, low } from './rig.ts'

const word = (value: number): Uint8Array => Uint8Array.of(low(value), high(value))
const byte = (value: number): Uint8Array => Uint8Array.of(value)

describe('sign-magnitude values', () => {
  it('put the sign in the bit that the register has, and give the same value back', () => {
    expect(toSignMagnitude(-120, 11)).toBe(0x800 | 120)
    expect(toSignMagnitude(-120, 15)).toBe(0x8000 | 120)
    for (const value of [-2047, -1, 0, 1, 2047]) expect(fromSignMagnitude(toSignMagnitude(value, 11), 11)).toBe(value)
  })

  it('have no minus zero', () => {
    expect(toSignMagnitude(-0.2, 11)).toBe(0)
    expect(Object.is(fromSignMagnitude(0x800, 11), 0)).toBe(true)
  })
})

describe('the EEPROM', () => {
  it('keeps over a power cycle what was written with the lock open, and loses what was not', () => {
    const servo = new FeetechServo()
    expect(servo.register('lock', 0)).toBe(1)
    servo.write(21, byte(16), 0)
    expect(servo.register('pGain', 0)).toBe(16)
    servo.powerCycle(0)
    expect(servo.register('pGain', 0)).toBe(32)
    servo.write(55, byte(0), 0)
    servo.write(21, byte(16), 0)
    servo.write(55, byte(1), 0)
    servo.write(22, byte(7), 0)
    servo.powerCycle(0)
    expect(servo.register('pGain', 0)).toBe(16)
    expect(servo.register('dGain', 0)).toBe(32)
  })

  it('RAM is as at power-on after a power cycle, with the torque limit loaded from register 16', () => {
    const servo = new FeetechServo({ registers: { maxTorque: 500 } })
    expect(servo.register('torqueLimit', 0)).toBe(500)
    servo.write(48, word(900), 0)
    servo.write(40, byte(1), 0)
    servo.powerCycle(0)
    expect(servo.register('torqueLimit', 0)).toBe(500)
    expect(servo.powered(0)).toBe(false)
  })

  it('read-only registers do not take a write', () => {
    const servo = new FeetechServo({ position: 1500 })
    servo.write(3, word(1), 0)
    servo.write(56, word(9), 0)
    expect(servo.register('modelNumber', 0)).toBe(777)
    expect(servo.register('presentPosition', 0)).toBe(1500)
  })

  it('a word is little-endian, and one of its bytes may be written alone', () => {
    const memory = new Memory()
    memory.write(42, Uint8Array.of(0x34, 0x12))
    expect(memory.get('goalPosition')).toBe(0x1234)
    memory.write(43, byte(0))
    expect(memory.get('goalPosition')).toBe(0x34)
  })
})

describe('what the firmware makes of values', () => {
  it('the acceleration clamps at 50 without a word', () => {
    const servo = new FeetechServo()
    servo.write(41, byte(254), 0)
    expect(servo.register('acceleration', 0)).toBe(50)
    servo.write(41, byte(49), 0)
    expect(servo.register('acceleration', 0)).toBe(49)
  })

  it('present is actual minus offset, with the sign of the offset in bit 11', () => {
    const servo = new FeetechServo({ position: 2048 })
    servo.write(31, word(0x800 | 100), 0)
    expect(servo.register('positionOffset', 0)).toBe(-100)
    expect(servo.register('presentPosition', 0)).toBe(2148)
    servo.write(31, word(100), 0)
    expect(servo.register('presentPosition', 0)).toBe(1948)
  })

  it('a position below zero wraps into one turn, unless turns are counted', () => {
    const servo = new FeetechServo({ position: 50 })
    servo.write(31, word(100), 0)
    expect(servo.register('presentPosition', 0)).toBe(4046)
    servo.write(9, Uint8Array.of(0, 0, 0, 0), 0)
    expect(servo.register('presentPosition', 0)).toBe(-50)
    expect(servo.read(56, 2, 0)).toEqual(word(0x8000 | 50))
  })

  it('torque 128 makes the present position 2048 and moves nothing', () => {
    const servo = new FeetechServo({ position: 1000 })
    servo.write(40, byte(1), 0)
    servo.write(40, byte(128), 0)
    expect(servo.register('presentPosition', 0)).toBe(2048)
    expect(servo.register('positionOffset', 0)).toBe(-1048)
    expect(servo.register('torqueEnable', 0)).toBe(1)
    expect(servo.register('presentPosition', 2)).toBe(2048)
  })

  it('torque 128 is saved like any EEPROM write: only with the lock open', () => {
    const servo = new FeetechServo({ position: 1000 })
    servo.write(40, byte(128), 0)
    servo.powerCycle(0)
    expect(servo.register('presentPosition', 0)).toBe(1000)
    servo.write(55, byte(0), 0)
    servo.write(40, byte(128), 0)
    servo.powerCycle(0)
    expect(servo.register('presentPosition', 0)).toBe(2048)
  })

  it('a goal equal to a wrapped present position moves nothing', () => {
    const servo = new FeetechServo({ position: 50 })
    servo.write(31, word(100), 0)
    servo.write(42, word(4046), 0)
    servo.write(40, byte(1), 0)
    expect(servo.position(3)).toBe(-50)
  })

  it('the goal is clamped by the limits, and register 71 shows it clamped', () => {
    const servo = new FeetechServo({ registers: { minPosition: 1000, maxPosition: 3000 } })
    servo.write(40, byte(1), 0)
    servo.write(42, word(4000), 0)
    expect(servo.register('goalPosition', 0)).toBe(4000)
    expect(servo.register('presentGoal', 0)).toBe(3000)
    expect(servo.register('presentPosition', 5)).toBe(3000)
    servo.write(42, word(10), 5)
    expect(servo.register('presentPosition', 10)).toBe(1000)
  })

  it('limits 0 and 0 let it turn several times, and power-off forgets how often', () => {
    const servo = new FeetechServo({ registers: { minPosition: 0, maxPosition: 0 } })
    servo.write(40, byte(1), 0)
    servo.write(42, word(10_000), 0)
    expect(servo.register('presentPosition', 10)).toBe(10_000)
    servo.powerCycle(10)
    expect(servo.register('presentPosition', 10)).toBe(10_000 % 4096)
  })

  it('a held write waits for the action, and the later of two counts', () => {
    const servo = new FeetechServo()
    servo.holdWrite(42, word(100))
    servo.holdWrite(42, word(200))
    expect(servo.register('goalPosition', 0)).toBe(2048)
    expect(servo.register('writePending', 0)).toBe(1)
    servo.action(0)
    expect(servo.register('goalPosition', 0)).toBe(200)
    expect(servo.register('writePending', 0)).toBe(0)
    servo.write(42, word(300), 0)
    servo.action(0)
    expect(servo.register('goalPosition', 0)).toBe(300)
  })

  it('torque on goes to whatever goal the register still holds', () => {
    const servo = new FeetechServo({ position: 2048 })
    servo.turnTo(2500, 0)
    servo.write(40, byte(1), 0)
    expect(servo.register('presentPosition', 2)).toBe(2048)
  })

  it('addresses that the table does not name read as zero', () => {
    expect(new FeetechServo().read(250, 20, 0)).toEqual(new Uint8Array(20))
  })
})

describe('alarms', () => {
  it('a jammed joint does not move, its load goes up, and after the protection time it is overloaded and weak', () => {
    const servo = new FeetechServo()
    servo.write(40, byte(1), 0)
    servo.jam(true, 0)
    servo.write(42, word(3000), 0)
    expect(servo.register('presentLoad', 0.5)).toBe(1000)
    expect(servo.register('presentPosition', 0.5)).toBe(2048)
    expect(servo.register('moving', 0.5)).toBe(0)
    expect(servo.status(1.9)).toBe(0)
    expect(servo.status(2.2)).toBe(32)
    expect(servo.register('status', 2.2)).toBe(32)
    expect(servo.register('presentLoad', 3)).toBe(200)
    servo.write(40, byte(0), 3)
    expect(servo.status(3)).toBe(0)
    expect(servo.register('presentLoad', 4)).toBe(0)
  })

  it('the load against an obstacle never passes the torque limit, and its sign is that of the direction', () => {
    const servo = new FeetechServo({ registers: { maxTorque: 300 } })
    servo.write(40, byte(1), 0)
    servo.jam(true, 0)
    servo.write(42, word(1000), 0)
    expect(servo.register('presentLoad', 1)).toBe(-300)
    expect(servo.read(60, 2, 1)).toEqual(word((1 << 10) | 300))
    expect(servo.status(10)).toBe(0)
  })

  it('a joint that is let go goes on to its goal', () => {
    const servo = new FeetechServo()
    servo.write(40, byte(1), 0)
    servo.jam(true, 0)
    servo.write(42, word(3000), 0)
    servo.jam(false, 1)
    expect(servo.register('presentPosition', 3)).toBe(3000)
  })

  it('an obstacle draws current and lets the voltage sag', () => {
    const servo = new FeetechServo()
    servo.write(40, byte(1), 0)
    const [idle, volts] = [servo.register('presentCurrent', 0), servo.register('presentVoltage', 0)]
    servo.jam(true, 0)
    servo.write(42, word(3000), 0)
    expect(servo.register('presentCurrent', 1)).toBeGreaterThan(idle + 300)
    expect(servo.register('presentVoltage', 1)).toBeLessThan(volts)
  })

  it('over-current unloads the motor after its time', () => {
    const servo = new FeetechServo({ registers: { protectionCurrent: 250, overCurrentTime: 100 } })
    servo.write(40, byte(1), 0)
    servo.jam(true, 0)
    servo.write(42, word(3000), 0)
    expect(servo.powered(0.9)).toBe(true)
    expect(servo.status(1.2)).toBe(8)
    expect(servo.powered(1.2)).toBe(false)
    expect(servo.register('torqueEnable', 1.2)).toBe(1)
  })

  it('a voltage outside registers 14 and 15 shows, and goes with its cause', () => {
    const servo = new FeetechServo()
    servo.supply(3.5, 0)
    expect(servo.status(0)).toBe(1)
    expect(servo.register('presentVoltage', 0)).toBe(35)
    servo.supply(9, 0)
    expect(servo.status(0)).toBe(1)
    servo.supply(7.4, 0)
    expect(servo.status(0)).toBe(0)
  })

  it('a hot motor is unloaded until torque is switched off', () => {
    const servo = new FeetechServo()
    servo.write(40, byte(1), 0)
    servo.heat(75, 1)
    expect(servo.register('presentTemperature', 1)).toBe(75)
    expect(servo.status(1.1)).toBe(4)
    expect(servo.powered(1.1)).toBe(false)
    servo.heat(undefined, 2)
    expect(servo.powered(2.1)).toBe(false)
    servo.write(40, byte(0), 3)
    servo.write(40, byte(1), 3)
    expect(servo.powered(3.1)).toBe(true)
    expect(servo.status(3.1)).toBe(0)
  })

  it('a load warms the motor in minutes, and it cools again', () => {
    const servo = new FeetechServo({ gravity: -0.5 })
    servo.write(40, byte(1), 0)
    const warm = servo.register('presentTemperature', 600)
    expect(warm).toBeGreaterThan(35)
    expect(servo.register('presentTemperature', 6000)).toBe(40)
    servo.write(40, byte(0), 6000)
    servo.pull(0, 6000)
    expect(servo.register('presentTemperature', 9000)).toBe(25)
  })
})
