import { describe, expect, it } from 'vitest'
import { MODELS, type ModelName } from '../../src/sim/dynamixel/models.ts'
import { DynamixelServo, type DynamixelSetup } from '../../src/sim/dynamixel/servo.ts'
import { dxl, dynamixelRig, le, ping, read, status, write } from './dynamixel-rig.ts'

const byte = (value: number): Uint8Array => Uint8Array.of(value)
const word = (value: number): Uint8Array => Uint8Array.from(le(value, 2))
const long = (value: number): Uint8Array => Uint8Array.from(le(value, 4))
const [OK, RANGE, ACCESS] = [0, 4, 7]
const ALERT = 0x80
/** Step/s in one unit of velocity registers. */
const UNIT = (0.229 * 4096) / 60

const servoOf = (setup: Partial<DynamixelSetup> = {}): DynamixelServo =>
  new DynamixelServo({ model: 'XM430-W350', ...setup })

function powered(setup: Partial<DynamixelSetup> = {}): DynamixelServo {
  const servo = servoOf(setup)
  expect(servo.write(64, byte(1), 0)).toBe(OK)
  return servo
}

describe('position mode', () => {
  it('takes the time that profile velocity and acceleration give: a trapezoid', () => {
    const servo = powered({ position: 1000 })
    const [velocity, acceleration] = [40, 20]
    servo.write(108, Uint8Array.from([...le(acceleration, 4), ...le(velocity, 4), ...le(3000, 4)]), 0)
    const [fast, gain] = [velocity * UNIT, (acceleration * 214.577 * 4096) / 3600]
    const time = fast / gain + 2000 / fast
    expect(servo.register('presentVelocity', time / 2)).toBe(velocity)
    expect(servo.register('moving', time / 2)).toBe(1)
    expect(servo.presentPosition(time - 0.02)).toBeLessThan(3000)
    expect(servo.presentPosition(time + 0.02)).toBe(3000)
    expect([servo.moving(time + 0.1), servo.register('moving', time + 0.1)]).toEqual([false, 0])
  })

  it('without a profile goes as fast as the motor can, and with one no faster than its velocity limit', () => {
    const fast = powered({ position: 0 })
    fast.write(116, long(4000), 0)
    expect(fast.velocity(1)).toBeCloseTo((46 * 4096) / 60, 6)
    const limited = powered({ position: 0, registers: { velocityLimit: 50 } })
    limited.write(112, long(150), 0)
    limited.write(116, long(4000), 0)
    expect(limited.velocity(1)).toBeCloseTo(50 * UNIT, 6)
  })

  it('by time: the way takes as many milliseconds as register 112 says, whatever its length', () => {
    for (const goal of [1200, 3000]) {
      const servo = powered({ position: 1000, registers: { driveMode: 4 } })
      servo.write(108, Uint8Array.from([...le(500, 4), ...le(2000, 4), ...le(goal, 4)]), 0)
      expect(servo.moving(1.98)).toBe(true)
      expect(servo.presentPosition(2.02)).toBe(goal)
    }
  })

  it('says in register 123 whether it is on its way or there', () => {
    const servo = powered({ position: 1000 })
    servo.write(108, Uint8Array.from([...le(20, 4), ...le(40, 4), ...le(1500, 4)]), 0)
    expect(servo.register('movingStatus', 0.5)).toBe(0x32)
    expect(servo.register('movingStatus', 5)).toBe(0x31)
  })

  it('a goal that was set before torque came on counts when it comes: who does not set it first, jumps', () => {
    const servo = servoOf({ position: 1000 })
    servo.write(116, long(1500), 0)
    expect(servo.presentPosition(1)).toBe(1000)
    servo.write(64, byte(1), 1)
    expect(servo.presentPosition(3)).toBe(1500)
  })

  it('torque off in mid-motion lets it coast to a stop; a load makes it fall to its end', () => {
    const servo = powered({ position: 500, gravity: -0.3, travel: [100, 4000] })
    servo.write(112, long(40), 0)
    servo.write(116, long(3500), 0)
    servo.write(64, byte(0), 0.5)
    const there = servo.position(0.5)
    expect(servo.powered(0.5)).toBe(false)
    expect(servo.position(10)).toBe(100)
    expect(there).toBeGreaterThan(600)
  })

  it('holds against gravity, with the load that takes', () => {
    const servo = powered({ gravity: -0.4 })
    expect(servo.presentPosition(2)).toBe(2048)
    expect(servo.register('presentCurrent', 2)).toBe(Math.round((0.4 * 2.3) / 0.00269))
    expect(servo.register('presentPwm', 2)).toBe(Math.round(0.4 * 885))
  })

  it('the register of the homing offset is added to what the encoder has', () => {
    const servo = servoOf({ position: 2048, registers: { homingOffset: 300 } })
    expect(servo.presentPosition(0)).toBe(2048)
    servo.write(20, long(-200), 0)
    expect(servo.presentPosition(0)).toBe(2048 - 500)
    servo.write(64, byte(1), 0)
    servo.write(116, long(1800), 0)
    expect(servo.presentPosition(5)).toBe(1800)
  })

  it('ignores an offset beyond 1024, which extended mode takes', () => {
    const servo = servoOf()
    servo.write(20, long(1500), 0)
    expect(servo.presentPosition(0)).toBe(2048)
    servo.write(11, byte(4), 0)
    expect(servo.presentPosition(0)).toBe(3548)
  })

  it('counts on while it is turned by hand, and forgets the turns when torque comes on', () => {
    const servo = servoOf({ position: 4000 })
    servo.turnTo(4300, 0)
    expect(servo.presentPosition(0)).toBe(4300)
    servo.write(116, long(204), 0)
    servo.write(64, byte(1), 0)
    expect(servo.presentPosition(1)).toBe(204)
    expect(servo.moving(1)).toBe(false)
  })
})

describe('the other modes', () => {
  it('velocity: turns at the goal velocity, either way, past every limit', () => {
    const servo = powered({ registers: { operatingMode: 1 } })
    servo.write(104, long(100), 0)
    expect(servo.register('presentVelocity', 1)).toBe(100)
    expect(servo.presentPosition(10)).toBeGreaterThan(4095)
    servo.write(104, long(-100), 10)
    expect(servo.register('presentVelocity', 11)).toBe(-100)
    servo.write(104, long(0), 12)
    expect([servo.moving(13), servo.powered(13)]).toEqual([false, true])
  })

  it('velocity: gains speed with the profile acceleration', () => {
    const servo = powered({ registers: { operatingMode: 1 } })
    servo.write(108, long(5), 0)
    servo.write(104, long(150), 0)
    expect(servo.velocity(1)).toBeCloseTo((5 * 214.577 * 4096) / 3600, 6)
  })

  it('velocity: a torque that comes back finds the goal velocity that was left', () => {
    const servo = powered({ registers: { operatingMode: 1 } })
    servo.write(104, long(100), 0)
    servo.write(64, byte(0), 1)
    expect(servo.moving(2)).toBe(false)
    servo.write(64, byte(1), 2)
    expect(servo.register('presentVelocity', 3)).toBe(100)
  })

  it('extended position: goes over turns and back, and forgets them at power-on', () => {
    const servo = powered({ registers: { operatingMode: 4 } })
    servo.write(116, long(-10_000), 0)
    expect(servo.presentPosition(20)).toBe(-10_000)
    servo.powerCycle(20)
    expect(servo.presentPosition(20)).toBe(((-10_000 % 4096) + 4096) % 4096)
  })

  it('PWM: turns with the share of its speed, and not at first', () => {
    const servo = powered({ registers: { operatingMode: 16 } })
    expect(servo.moving(1)).toBe(false)
    servo.write(100, word(-443), 1)
    expect(servo.velocity(3)).toBeCloseTo((-443 / 885) * ((46 * 4096) / 60), 6)
  })

  it('current: pushes with the goal current, falls with too little of it, holds nothing at 0', () => {
    const servo = powered({ registers: { operatingMode: 0 }, gravity: -0.3 })
    expect(servo.velocity(1)).toBeLessThan(0)
    servo.write(102, word(Math.round((0.3 * 2.3) / 0.00269)), 1)
    expect(servo.moving(2)).toBe(false)
    servo.write(102, word(600), 2)
    expect(servo.velocity(3)).toBeGreaterThan(0)
    servo.jam(true, 3)
    expect(servo.register('presentCurrent', 4)).toBe(600)
  })

  it('current-based position: goes to its goal with no more than the goal current', () => {
    const servo = powered({ registers: { operatingMode: 5 } })
    servo.write(102, word(200), 0)
    servo.write(116, long(3000), 0)
    expect(servo.presentPosition(3)).toBe(3000)
    servo.jam(true, 3)
    servo.write(116, long(1000), 3)
    expect(servo.register('presentCurrent', 4)).toBe(-200)
  })

  it('a model without a current sensor has neither the modes nor the registers', () => {
    const servo = servoOf({ model: 'XL430-W250', gravity: -0.25 })
    expect([0, 5].map((mode) => servo.write(11, byte(mode), 0))).toEqual([RANGE, RANGE])
    expect([1, 3, 4, 16].map((mode) => servo.write(11, byte(mode), 0))).toEqual([OK, OK, OK, OK])
    expect(servo.write(102, word(0), 0)).toBe(ACCESS)
    expect(servo.registerNames).not.toContain('presentCurrent')
    servo.write(11, byte(3), 0)
    servo.write(64, byte(1), 0)
    expect([...servo.read(126, 2, 2)]).toEqual(le(250, 2))
  })

  it('a new mode begins at rest: where it is, without speed, PWM or current', () => {
    const servo = servoOf()
    servo.write(104, long(100), 0)
    for (const mode of [1, 16, 0, 4, 3]) {
      servo.write(11, byte(mode), 0)
      servo.write(64, byte(1), 0)
      expect(servo.moving(1)).toBe(false)
      servo.write(64, byte(0), 0)
    }
  })
})

describe('models', () => {
  it.each([
    ['XL330-M077', 1190, 53, 5, 1620],
    ['XL330-M288', 1200, 53, 5, 445],
    ['XL430-W250', 1060, 52, 12, 265],
    ['XC430-W150', 1070, 52, 12, 460],
    ['XC330-T181', 1210, 52, 12, 500],
    ['XC330-T288', 1220, 52, 12, 320],
    ['XM430-W350', 1020, 52, 12, 200],
    ['XM540-W270', 1120, 52, 12, 128],
  ] as const)(
    '%s says %d, shuts down for %d, is made for %d V, limited to %d',
    (model, number, shutdown, volts, limit) => {
      const servo = servoOf({ model })
      const read = (name: Parameters<DynamixelServo['register']>[0]): number => servo.register(name, 0)
      expect([read('modelNumber'), read('shutdown'), read('velocityLimit')]).toEqual([number, shutdown, limit])
      expect(read('presentVoltage')).toBe(volts * 10)
      expect(servo.alarms(0)).toEqual([])
    },
  )

  it('one that there is not is an error that names the others', () => {
    expect(() => servoOf({ model: 'AX-12' as ModelName })).toThrow('XM430-W350')
  })

  it('each turns at its full speed without an overload', () => {
    for (const model of MODELS.keys()) {
      const servo = powered({ model: model as ModelName, registers: { operatingMode: 16 } })
      servo.write(100, word(885), 0)
      const fastest = ((MODELS.get(model)?.fastest ?? 0) * 4096) / 60
      expect(servo.velocity(20)).toBeCloseTo(fastest, 6)
      expect(servo.alarms(20)).toEqual([])
    }
  })
})

describe('drive mode', () => {
  it('reverse: positions, velocities and loads have the other sign, and the middle stays', () => {
    const servo = servoOf({ position: 2148, gravity: 0.2 })
    servo.write(10, byte(1), 0)
    expect(servo.presentPosition(0)).toBe(1948)
    servo.write(116, long(1948), 0)
    servo.write(64, byte(1), 0)
    servo.write(116, long(2500), 0)
    expect(servo.velocity(0.1)).toBeGreaterThan(0)
    expect(servo.presentPosition(5)).toBe(2500)
    expect(servo.register('presentCurrent', 5)).toBeGreaterThan(0)
  })

  it('torque by goal: a new goal switches torque on', () => {
    const servo = servoOf({ registers: { driveMode: 8 } })
    servo.write(116, long(2100), 0)
    expect(servo.powered(0)).toBe(true)
    expect(servo.presentPosition(2)).toBe(2100)
  })
})

describe('the bus watchdog', () => {
  const watching = async () => {
    const rig = await dynamixelRig({ servos: [{}, {}] })
    await rig.ask(write(1, 112, 20, 4))
    await rig.ask(write(1, 64, 1, 1))
    await rig.ask(write(1, 98, 5, 1))
    await rig.ask(write(1, 116, 4000, 4))
    return rig
  }

  it('stops the servo after so many times 20 ms of silence, and reads 255', async () => {
    const { clock, servo, now, at } = await watching()
    await clock.advance(0.0795)
    expect([servo.velocity(now()) > 0, at('busWatchdog')]).toEqual([true, 5])
    await clock.advance(0.002)
    expect(at('busWatchdog')).toBe(0xff)
    await clock.advance(0.05)
    const there = servo.position(now())
    expect([servo.moving(now()), servo.powered(now())]).toEqual([false, true])
    await clock.advance(5)
    expect(servo.position(now())).toBe(there)
    expect(there).toBeLessThan(2200)
  })

  it('is fed by any instruction, for whomever it is', async () => {
    const { ask, at, clock, servo, now } = await watching()
    for (const frame of [ping(2), read(1, 132, 4), ping(77), dxl(0xfe, 0x05), write(2, 65, 1, 1)])
      await ask(frame, 0.09)
    expect([at('busWatchdog'), servo.velocity(now()) > 0]).toEqual([5, true])
    await clock.advance(0.2)
    expect(at('busWatchdog')).toBe(0xff)
  })

  it('is not fed by noise, nor by another servo’s reply', async () => {
    const { host, at, clock } = await watching()
    for (let i = 0; i < 5; i++) {
      host.write(Uint8Array.of(0xff, 0xfd, 0xff, 1, 2, 3))
      host.write(dxl(2, 0x55, 0))
      await clock.advance(0.03)
    }
    expect(at('busWatchdog')).toBe(0xff)
  })

  it('then refuses goals with a data range error until 0 is written, and stays where it is until a new goal', async () => {
    const { ask, at, clock, servo, now } = await watching()
    await clock.advance(0.5)
    for (const [address, size] of [
      [100, 2],
      [102, 2],
      [104, 4],
      [116, 4],
    ] as const)
      expect(await ask(write(1, address, 1, size))).toEqual([status(1, RANGE)])
    expect(await ask(write(1, 112, 100, 4))).toEqual([status(1, OK)])
    const there = servo.position(now())
    expect(await ask(write(1, 98, 0, 1))).toEqual([status(1, OK)])
    expect(at('busWatchdog')).toBe(0)
    await clock.advance(2)
    expect(servo.position(now())).toBe(there)
    expect(await ask(write(1, 116, 3000, 4), 5)).toEqual([status(1, OK)])
    expect(at('presentPosition')).toBe(3000)
  })

  it('does not count while torque is off, and begins when it comes on', async () => {
    const { ask, at, clock } = await dynamixelRig()
    await ask(write(1, 98, 1, 1))
    await clock.advance(10)
    expect(at('busWatchdog')).toBe(1)
    await ask(write(1, 64, 1, 1), 0.001)
    expect(at('busWatchdog')).toBe(1)
    await clock.advance(0.03)
    expect(at('busWatchdog')).toBe(0xff)
  })

  it('is forgotten by a reboot, and goals can be written again', async () => {
    const { ask, at, clock } = await watching()
    await clock.advance(0.5)
    expect(at('busWatchdog')).toBe(0xff)
    await ask(dxl(1, 0x08))
    expect(await ask(write(1, 116, 2100, 4))).toEqual([status(1, OK)])
    expect([at('busWatchdog'), at('goalPosition')]).toEqual([0, 2100])
  })

  it('wakes a servo that rests: hours later it has tripped at its time', async () => {
    const { ask, at, clock } = await dynamixelRig()
    await ask(write(1, 64, 1, 1))
    await ask(write(1, 98, 127, 1))
    await clock.advance(2)
    expect(at('busWatchdog')).toBe(127)
    await clock.advance(3600)
    expect(at('busWatchdog')).toBe(0xff)
    expect(clock.pending).toBe(0)
  })
})

describe('hardware errors', () => {
  it('overload: shuts the motor down, shows in every reply and in register 70, and only a reboot clears it', async () => {
    const { ask, servo, at, now } = await dynamixelRig()
    await ask(write(1, 64, 1, 1))
    servo.jam(true, now())
    await ask(write(1, 116, 3000, 4), 3)
    expect([at('hardwareError'), at('torqueEnable'), servo.powered(now())]).toEqual([32, 0, false])
    servo.jam(false, now())
    expect(await ask(ping(1))).toEqual([status(1, ALERT, 0xfc, 0x03, 48)])
    expect(await ask(write(1, 64, 1, 1))).toEqual([status(1, ALERT)])
    expect(at('torqueEnable')).toBe(0)
    expect(await ask(write(1, 116, 9999, 4))).toEqual([status(1, ALERT | 6)])
    expect(await ask(dxl(1, 0x08))).toEqual([status(1, ALERT)])
    expect(await ask(ping(1))).toEqual([status(1, OK, 0xfc, 0x03, 48)])
    await ask(write(1, 64, 1, 1))
    expect(servo.powered(now())).toBe(true)
  })

  it('heat: above its limit the motor is off, and cooling alone does not bring it back', () => {
    const servo = powered()
    servo.heat(81, 1)
    expect([servo.powered(1), servo.alarms(1)]).toEqual([false, ['temperature']])
    servo.heat(undefined, 2)
    expect([servo.register('presentTemperature', 2), servo.alarms(2)]).toEqual([25, ['temperature']])
    servo.clearAlarms(3)
    expect(servo.alarms(3)).toEqual([])
    expect(servo.powered(3)).toBe(false)
  })

  it('voltage: an XM430 shows it while it lasts and goes on; an XL330 shuts down', () => {
    const large = powered()
    large.supply(9, 1)
    expect([large.powered(1), large.alarms(1)]).toEqual([true, ['voltage']])
    large.supply(undefined, 2)
    expect(large.alarms(2)).toEqual([])
    const small = powered({ model: 'XL330-M288' })
    small.supply(3.2, 1)
    small.supply(undefined, 2)
    expect([small.powered(2), small.alarms(2)]).toEqual([false, ['voltage']])
  })

  it('one that register 63 leaves out does not shut it down', () => {
    const servo = powered({ registers: { shutdown: 0 } })
    servo.heat(90, 1)
    servo.overload(1)
    expect([servo.powered(1), servo.alarms(1)]).toEqual([true, ['temperature', 'overload']])
  })

  it('long work heats it until it shuts down', () => {
    const servo = powered({ gravity: 0.7, ambient: 60, travel: [1900, 2200] })
    expect(servo.alarms(10)).toEqual([])
    expect(servo.alarms(3600)).toEqual(['temperature'])
    expect(servo.powered(3600)).toBe(false)
  })

  it('below 3 V it is limp and deaf, and then as after a power cycle', async () => {
    const { ask, servo, at, now } = await dynamixelRig()
    await ask(write(1, 112, 50, 4))
    await ask(write(1, 64, 1, 1))
    servo.supply(2, now())
    expect([await ask(ping(1)), servo.powered(now())]).toEqual([[], false])
    servo.supply(undefined, now())
    expect(await ask(ping(1))).toEqual([status(1, OK, 0xfc, 0x03, 48)])
    expect([at('torqueEnable'), at('profileVelocity')]).toEqual([0, 0])
  })

  it('one that was without supply for a while has forgotten that it sagged', () => {
    const servo = powered({ model: 'XL330-M288' })
    servo.supply(2, 1)
    expect(servo.powered(5)).toBe(false)
    servo.supply(undefined, 5)
    expect(servo.alarms(6)).toEqual([])
  })
})

describe('a secondary id', () => {
  const pair = () =>
    dynamixelRig({
      servos: [{ registers: { id: 2 } }, { registers: { id: 3, secondaryId: 2 } }, { registers: { id: 4 } }],
    })

  it('is obeyed and not answered; its own id is both', async () => {
    const { ask, at } = await pair()
    expect(await ask(write(2, 116, 2100, 4))).toEqual([status(2, OK)])
    expect([at('goalPosition', 0), at('goalPosition', 1), at('goalPosition', 2)]).toEqual([2100, 2100, 2048])
    expect(await ask(write(3, 116, 2222, 4))).toEqual([status(3, OK)])
    expect([at('goalPosition', 0), at('goalPosition', 1)]).toEqual([2100, 2222])
    expect(await ask(ping(2))).toHaveLength(1)
    expect(await ask(read(2, 116, 4))).toEqual([status(2, OK, ...le(2100, 4))])
  })

  it('counts in joined writes too, and a servo that answers to no id of its own is only told', async () => {
    const { ask, at } = await pair()
    await ask(dxl(0xfe, 0x83, 116, 0, 4, 0, 2, ...le(2150, 4)))
    expect([at('goalPosition', 0), at('goalPosition', 1)]).toEqual([2150, 2150])
    await ask(write(2, 7, 9, 1))
    expect(await ask(write(2, 65, 1, 1))).toEqual([])
    expect([at('led', 0), at('led', 1)]).toEqual([0, 1])
  })

  it('cannot write the EEPROM', async () => {
    const { ask, at } = await pair()
    expect(await ask(write(2, 20, 33, 4))).toEqual([status(2, OK)])
    expect([at('homingOffset', 0), at('homingOffset', 1)]).toEqual([33, 0])
  })

  it('of 253 or above is none', async () => {
    const { ask, at } = await dynamixelRig({ servos: [{ registers: { secondaryId: 253 } }] })
    await ask(dxl(252, 0x03, 65, 0, 1))
    expect(at('led')).toBe(0)
  })
})

describe('two servos on one shaft', () => {
  const joint = (shadow: Partial<DynamixelSetup> = {}, leading: Partial<DynamixelSetup> = {}) => {
    const first = servoOf({ gravity: -0.4, travel: [1000, 3000], ...leading })
    const second = servoOf({ opposite: first, ...shadow, registers: { driveMode: 1, ...shadow.registers } })
    return { first, second, both: [first, second] as const }
  }
  const torque = (servo: DynamixelServo, on: number, now: number): unknown => servo.write(64, byte(on), now)

  it('are in the same place, counted the same way when one is reversed, whoever of them has power', () => {
    const { first, second, both } = joint()
    expect(both.map((servo) => servo.presentPosition(0))).toEqual([2048, 2048])
    torque(first, 1, 0)
    first.write(116, long(2500), 0)
    expect(both.map((servo) => servo.presentPosition(3))).toEqual([2500, 2500])
    expect(both.map((servo) => servo.powered(3))).toEqual([true, false])
    torque(second, 1, 3)
    torque(first, 0, 3)
    second.write(116, long(2200), 3)
    expect(both.map((servo) => servo.presentPosition(6))).toEqual([2200, 2200])
    torque(second, 0, 6)
    expect(both.map((servo) => servo.presentPosition(20))).toEqual([1000, 1000])
  })

  it('share the load, and each has all of it alone', () => {
    const { first, second, both } = joint()
    torque(first, 1, 0)
    expect(both.map((servo) => servo.register('presentPwm', 2))).toEqual([354, 0])
    torque(second, 1, 2)
    expect(both.map((servo) => servo.register('presentPwm', 4))).toEqual([177, 177])
  })

  it('that are told different goals hold each other, and both shut down', () => {
    const { first, second, both } = joint()
    for (const servo of both) torque(servo, 1, 0)
    first.write(116, long(2900), 0)
    second.write(116, long(1100), 0)
    expect(first.moving(1)).toBe(false)
    expect(both.map((servo) => servo.register('presentPwm', 1))).toEqual([885, -885])
    expect(both.map((servo) => servo.alarms(4))).toEqual([['overload'], ['overload']])
  })

  it('where the shadow was not reversed pull against each other as soon as they move', () => {
    const { both } = joint({ registers: { driveMode: 0 } })
    expect(both.map((servo) => servo.presentPosition(0))).toEqual([2048, 2048])
    for (const servo of both) torque(servo, 1, 0)
    for (const servo of both) servo.write(116, long(2600), 0)
    expect(both.map((servo) => servo.alarms(4))).toEqual([['overload'], ['overload']])
    expect(both[0].presentPosition(4)).toBeLessThan(2200)
  })
})

describe('time', () => {
  it('does not depend on who looks when: any polling gives the same bytes', () => {
    const play = (looks: readonly number[]): string => {
      const servo = powered({ position: 500, gravity: 0.2 })
      const acts: [number, () => unknown][] = [
        [0.01, () => servo.write(108, Uint8Array.from([...le(30, 4), ...le(80, 4), ...le(3000, 4)]), 0.01)],
        [0.8, () => servo.write(116, long(1000), 0.8)],
        [1.1, () => servo.jam(true, 1.1)],
        [1.9, () => servo.jam(false, 1.9)],
        [3, () => servo.write(98, byte(10), 3)],
      ]
      const reads = looks.map((now): [number, () => unknown] => [now, () => servo.read(0, 148, now)])
      for (const [, act] of [...acts, ...reads].sort((a, b) => a[0] - b[0])) act()
      return `${servo.read(0, 148, 5)} ${servo.position(5)} ${servo.temperature(5)}`
    }
    const still = play([])
    for (let step = 1; step < 30; step++) {
      const looks = Array.from({ length: Math.floor(490 / step) }, (_, i) => (i * step) / 100)
      expect(play(looks)).toBe(still)
    }
  })

  it('the tick counts milliseconds since power-on, up to 32767', () => {
    const servo = servoOf()
    expect(servo.register('realtimeTick', 1.5)).toBe(1500)
    expect(servo.register('realtimeTick', 33)).toBe(33_000 - 32_768)
    servo.powerCycle(40)
    expect(servo.register('realtimeTick', 40.25)).toBe(250)
  })
})
