import { defineRobot, deg, degPerSec, TendonError } from 'tendon'
import type { ServoWorkbench } from 'tendon/device'
import { type DynamixelWorkbench, dynamixel, xl330 } from 'tendon/dynamixel'
import { serial } from 'tendon/serial'
import { type SimulationOptions, simulated, simulationOf } from 'tendon/sim'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'

const joint = { position: [deg(-90), deg(90)], velocity: degPerSec(60), stop: 'park' } as const
const turret = (echo: boolean) =>
  defineRobot('turret', {
    buses: { servos: dynamixel({ port: serial({ path: '/dev/ttyUSB0', baudRate: 1_000_000 }), echo }) },
    joints: {
      pan: { ...joint, servo: xl330('servos', 1) },
      tilt: { ...joint, servo: xl330('servos', 2) },
    },
  }).with({})
/** Both have the id 1, as they come from the factory; they stand apart. */
const TWINS: SimulationOptions = { joints: { tilt: { registers: { id: 1 } } }, initial: { tilt: deg(30) } }

/** A workbench at the simulated servos, and a clock that is run until what was asked is done. */
async function bench(options: SimulationOptions = {}, powered: readonly number[] = []) {
  const clock = new VirtualClock()
  const robot = simulated(turret(options.echo ?? false), options)
  const mounts = Object.entries(robot.hardware.joints).flatMap(([name, { servo }]) =>
    servo ? [{ joint: name, servo }] : [],
  )
  // As a program that moved them has left them.
  const host = robot.hardware.buses.servos?.create({ clock }, mounts)
  if (host && powered.length > 0) {
    await clock.run(host.open())
    expect([...(await clock.run(host.setTorque(powered, true)))]).toEqual(powered)
    await clock.run(host.close())
  }
  const made: ServoWorkbench | undefined = robot.hardware.buses.servos?.workbench?.({ clock })
  if (!made) throw new Error('the family has no workbench')
  await clock.run(made.open())
  const world = simulationOf(robot)
  const instructions: number[] = []
  world.tap(({ from, bytes }) => from === 'host' && instructions.push(bytes[7] as number))
  return {
    world,
    clock,
    bench: made as DynamixelWorkbench,
    /** What the host has said, by instruction. */
    instructions,
    done: <T>(work: Promise<T>): Promise<T> => clock.run(work),
    /** The code of what it rejects with. */
    code: (work: Promise<unknown>): Promise<string> =>
      clock.run(
        work.then(
          () => 'resolved',
          (error: unknown) => (error instanceof TendonError ? error.code : String(error)),
        ),
      ),
  }
}

/** Instructions that a servo obeys: WRITE, REG WRITE, ACTION, REBOOT, SYNC WRITE, BULK WRITE. */
const WRITES = [0x03, 0x04, 0x05, 0x08, 0x83, 0x93]

describe('the Dynamixel workbench: who is there', () => {
  it.each([false, true])(
    'a servo says its model and its firmware, and nobody says nothing (echo: %s)',
    async (echo) => {
      const { bench: table, done, instructions } = await bench({ echo })
      expect(await done(table.ping(2))).toMatchObject({ id: 2, model: 'XL330-M288', modelNumber: 1200 })
      expect(await done(table.ping(7))).toBeUndefined()
      expect(instructions.filter((instruction) => WRITES.includes(instruction))).toEqual([])
    },
  )

  it('two servos of one id are told from one, and from noise', async () => {
    const { bench: table, code } = await bench(TWINS)
    expect(await code(table.ping(1))).toBe('TENDON_SERVO_ID_TWICE')
    const noisy = await bench({ seed: 3 })
    noisy.world.faults.corruptReplies(1, { probability: 0.5 })
    expect(await noisy.done(noisy.bench.ping(1))).toMatchObject({ id: 1, model: 'XL330-M288' })
  })

  it('knows the rates of the family, the factory’s first', async () => {
    const { bench: table } = await bench()
    expect(table.baudRates).toEqual([57_600, 9_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000])
    expect([table.ids, table.steps, table.centre]).toEqual([{ min: 0, max: 252 }, 4096, 2048])
  })
})

describe('the Dynamixel workbench: what is changed', () => {
  it('an id, with the power off first, and only where the new one is free', async () => {
    const { bench: table, done, code, world } = await bench({}, [1])
    expect(await code(table.changeId(1, 2))).toBe('TENDON_SERVO_ID_TAKEN')
    expect(await code(table.changeId(9, 3))).toBe('TENDON_SERVO_SILENT')
    expect(await code(table.changeId(1, 253))).toBe('TENDON_ARGUMENT_INVALID')
    expect(world.servo('pan').powered).toBe(true)
    await done(table.changeId(1, 7))
    expect(world.servo('pan').read('id')).toBe(7)
    expect(world.servo('pan').powered).toBe(false)
    expect(await done(table.ping(1))).toBeUndefined()
  })

  it('an id whose acknowledgement was lost is changed all the same', async () => {
    const { bench: table, done, world } = await bench()
    world.tap(({ from, bytes }) => {
      if (from === 'host' && bytes[7] === 3 && bytes[8] === 7) world.faults.dropReplies('pan', { next: 1 })
    })
    await done(table.changeId(1, 7))
    expect(world.servo('pan').read('id')).toBe(7)
  })

  it('a baud rate, after which the servo is to be found at the new one only', async () => {
    const { bench: table, done, code, world } = await bench()
    await done(table.changeBaudRate(1, 57_600))
    expect(world.servo('pan').read('baudIndex')).toBe(1)
    expect(await done(table.ping(1))).toBeUndefined()
    expect(await code(table.changeBaudRate(2, 128_000))).toBe('TENDON_ARGUMENT_INVALID')
  })

  it('zero and range, with the power off, and they are read back', async () => {
    const { bench: table, done, world } = await bench({}, [2])
    const calibration = { homingOffset: 100, rangeMin: 1100, rangeMax: 3000 }
    await done(table.calibrate(2, calibration))
    expect(await done(table.calibration(2))).toEqual(calibration)
    expect(world.servo('tilt').powered).toBe(false)
    expect(world.servo('tilt').read('homingOffset')).toBe(100)
  })
})

describe('the Dynamixel workbench: what is seen and let go', () => {
  it('a glance shows position, power, voltage, heat and alarms', async () => {
    const { bench: table, done, world } = await bench({ initial: { tilt: deg(45) } }, [1])
    expect(await done(table.glance(2))).toMatchObject({ position: 2560, powered: false, voltage: 5, alarms: [] })
    expect(await done(table.glance(1))).toMatchObject({ powered: true })
    world.faults.overload(1)
    expect((await done(table.glance(1))).alarms).toEqual(['overload'])
  })

  it('letting go takes the power of one servo and of no other, and is confirmed', async () => {
    const { bench: table, done, code, world } = await bench({}, [1, 2])
    await done(table.letGo(1))
    expect([world.servo(1).powered, world.servo(2).powered]).toEqual([false, true])
    world.faults.silence(2)
    expect(await code(table.letGo(2))).toBe('TENDON_TORQUE_NOT_OFF')
  })

  it('a reboot clears a hardware error', async () => {
    const { bench: table, done, world } = await bench({}, [1])
    world.faults.overload(1)
    await done(table.reboot(1))
    expect(await done(table.glance(1))).toMatchObject({ powered: false, alarms: [] })
  })

  it('what is closed answers nothing, and leaves no timer', async () => {
    const { bench: table, done, code, clock } = await bench()
    await done(table.ping(1))
    await done(table.close())
    expect(table.isOpen).toBe(false)
    expect(await code(table.ping(1))).toBe('TENDON_BUS_CLOSED')
    expect(clock.pending).toBe(0)
  })
})
