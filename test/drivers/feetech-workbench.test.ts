import { defineRobot, deg, degPerSec, TendonError } from 'tendon'
import type { ByteTransport, ServoWorkbench } from 'tendon/device'
import { encodeFrame, feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { type SimulationOptions, simulated, simulationOf } from 'tendon/sim'
import { VirtualClock } from 'tendon/testing'
import { describe, expect, it } from 'vitest'

const joint = { position: [deg(-90), deg(90)], velocity: degPerSec(60), stop: 'park' } as const
const turret = defineRobot('turret', {
  buses: { servos: feetech({ port: serial({ path: '/dev/ttyACM0', baudRate: 1_000_000 }) }) },
  joints: {
    pan: { ...joint, servo: sts3215('servos', 1) },
    tilt: { ...joint, servo: sts3215('servos', 2) },
  },
}).with({})
/** Both have the id 1, as they come from the factory; they stand apart. */
const TWINS: SimulationOptions = { joints: { tilt: { registers: { id: 1 } } }, initial: { tilt: deg(30) } }

/** A workbench at the simulated servos, and a clock that is run until what was asked is done. */
async function bench(options: SimulationOptions = {}, powered: readonly number[] = []) {
  const clock = new VirtualClock()
  const robot = simulated(turret, options)
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
  const made = robot.hardware.buses.servos?.workbench?.({ clock })
  if (!made) throw new Error('the family has no workbench')
  await clock.run(made.open())
  const world = simulationOf(robot)
  const frames: string[] = []
  world.tap(({ from, bytes }) => from === 'host' && frames.push(Buffer.from(bytes).toString('hex')))
  return {
    world,
    bench: made as ServoWorkbench,
    /** What the host has said. */
    frames,
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
type World = Awaited<ReturnType<typeof bench>>['world']
const servo = (world: World, name: string) => world.servo(name)

/** A line on which several servos of the id 1 answer a reading, two milliseconds apart, each from its own position. */
function speakers(positions: readonly number[]): ByteTransport {
  return {
    kind: 'memory',
    address: 'speakers',
    open: async ({ clock }) => {
      const ears = new Set<(chunk: Uint8Array) => void>()
      return {
        isOpen: true,
        write: (bytes) => {
          const [address = 0, count = 0] = bytes.subarray(5)
          for (const [at, position] of positions.entries())
            clock.after(0.002 * (at + 1), () => {
              const memory = new Uint8Array(80)
              memory.set([777 & 0xff, 777 >> 8], 3)
              memory.set([position & 0xff, position >> 8], 56)
              const reply = encodeFrame(1, 0, memory.subarray(address, address + count))
              for (const ear of ears) ear(reply)
            })
        },
        onBytes: (listener) => {
          ears.add(listener)
          return () => ears.delete(listener)
        },
        onLost: () => () => {},
        close: async () => {},
      }
    },
  }
}

/** Instructions that a servo obeys: WRITE, REG WRITE, ACTION, SYNC WRITE. */
const WRITES = new Set(['03', '04', '05', '83'])
const instructionOf = (frame: string): string => frame.slice(8, 10)

describe('asking who has an id', () => {
  it('finds a servo with its model and firmware, nobody where there is none, and writes nothing', async () => {
    const { bench: made, done, frames } = await bench()
    expect(await done(made.ping(1))).toMatchObject({ id: 1, model: 'STS3215', modelNumber: 777 })
    expect(await done(made.ping(7))).toBeUndefined()
    expect(frames.length).toBeGreaterThan(3)
    expect(frames.filter((frame) => WRITES.has(instructionOf(frame)))).toEqual([])
  })

  it('names a model that it does not know by its number', async () => {
    const { bench: made, done } = await bench({ joints: { pan: { registers: { modelNumber: 1234 } } } })
    expect(await done(made.ping(1))).toMatchObject({ model: 'unknown (1234)' })
  })

  it('tells two servos of one id, also when they differ in their position only', async () => {
    const { bench: made, code } = await bench(TWINS)
    expect(await code(made.ping(1))).toBe('TENDON_SERVO_ID_TWICE')
  })

  it.each([0.2, 0.4])('takes a line that garbles %f of the replies for noise', async (share) => {
    for (let seed = 1; seed <= 20; seed++) {
      const { bench: made, done, world } = await bench({ seed })
      world.faults.corruptReplies('pan', { probability: share })
      // The first question may be the one that is lost; asked again, it must be one servo, and never two.
      const found = (await done(made.ping(1))) ?? (await done(made.ping(1)))
      expect(found).toMatchObject({ model: 'STS3215' })
    }
  })

  it('takes bytes that nobody sent for nobody', async () => {
    const { bench: made, done, world } = await bench()
    world.faults.garbage({ probability: 1 }, 'servos')
    for (let id = 3; id < 30; id++) expect(await done(made.ping(id))).toBeUndefined()
  })

  it('takes a reply that comes twice for one servo', async () => {
    const { bench: made, done, world } = await bench()
    world.faults.duplicateReplies('pan', { probability: 1 })
    expect(await done(made.ping(1))).toMatchObject({ id: 1 })
  })

  it('tells two that answer one behind the other, by what they say, from one whose reply comes twice', async () => {
    const code = async (positions: readonly number[]): Promise<string> => {
      const clock = new VirtualClock()
      const made = feetech({ port: speakers(positions) }).workbench({ clock })
      await clock.run(made.open())
      const told = made.ping(1).then(
        (found) => found?.model ?? 'nobody',
        (error: TendonError) => error.code,
      )
      return clock.run(told)
    }
    expect(await code([2000])).toBe('STS3215')
    expect(await code([2000, 2000])).toBe('STS3215')
    expect(await code([2000, 3000])).toBe('TENDON_SERVO_ID_TWICE')
  })

  it('is not confused by a line that returns what is sent', async () => {
    const { bench: made, done } = await bench({ echo: true })
    expect(await done(made.ping(1))).toMatchObject({ id: 1 })
    expect(await done(made.ping(7))).toBeUndefined()
  })
})

describe('a new id', () => {
  it('is in the EEPROM: it outlives a power cycle, and the lock is closed', async () => {
    const { bench: made, done, world } = await bench()
    await done(made.changeId(1, 9))
    expect(servo(world, 'pan').read('lock')).toBe(1)
    world.powerCycle()
    expect(await done(made.ping(9))).toMatchObject({ id: 9 })
    expect(await done(made.ping(1))).toBeUndefined()
  })

  it('takes its power first', async () => {
    const { bench: made, done, world } = await bench({}, [1])
    expect(servo(world, 'pan').read('torqueEnable')).toBe(1)
    await done(made.changeId(1, 9))
    expect(servo(world, 'pan').read('torqueEnable')).toBe(0)
  })

  it('is refused where somebody has it, and where two have the old one; nothing is written', async () => {
    const taken = await bench()
    expect(await taken.code(taken.bench.changeId(1, 2))).toBe('TENDON_SERVO_ID_TAKEN')
    const twins = await bench(TWINS)
    expect(await twins.code(twins.bench.changeId(1, 9))).toBe('TENDON_SERVO_ID_TWICE')
    for (const { frames } of [taken, twins])
      expect(frames.filter((frame) => WRITES.has(instructionOf(frame)))).toEqual([])
  })

  it('is refused where no id could be it, and for nobody', async () => {
    const { bench: made, code } = await bench()
    expect(await code(made.changeId(1, 254))).toBe('TENDON_ARGUMENT_INVALID')
    expect(await code(made.changeId(5, 9))).toBe('TENDON_SERVO_SILENT')
  })

  it('is there though its acknowledgement is lost', async () => {
    const { bench: made, done, world } = await bench()
    world.tap(({ from, bytes }) => {
      if (from === 'host' && bytes[4] === 3 && bytes[5] === 5) world.faults.dropReplies('pan', { next: 1 })
    })
    await done(made.changeId(1, 9))
    expect(await done(made.ping(9))).toMatchObject({ id: 9 })
  })
})

describe('the other things on the workbench', () => {
  it('a glance shows position, power, voltage, temperature and alarms', async () => {
    const { bench: made, done } = await bench({ initial: { pan: deg(45) }, joints: { pan: { supply: 3.5 } } })
    expect(await done(made.glance(1))).toEqual({
      position: 2560,
      powered: false,
      voltage: 3.5,
      temperature: 25,
      alarms: ['voltage'],
    })
    const { bench: other, done: then } = await bench({}, [1])
    expect(await then(other.glance(1))).toMatchObject({ powered: true })
  })

  it('letting go is read back, and not confirmed for a servo that does not answer', async () => {
    const { bench: made, done, code, world } = await bench({}, [1])
    expect(servo(world, 'pan').read('torqueEnable')).toBe(1)
    await done(made.letGo(1))
    expect(servo(world, 'pan').read('torqueEnable')).toBe(0)
    world.faults.silence('pan')
    expect(await code(made.letGo(1))).toBe('TENDON_TORQUE_NOT_OFF')
  })

  it('a baud rate is in the EEPROM, and the servo is deaf at the old one', async () => {
    const { bench: made, done, code, world } = await bench()
    await done(made.changeBaudRate(1, 500_000))
    expect(servo(world, 'pan').read('baudIndex')).toBe(1)
    expect(await done(made.ping(1))).toBeUndefined()
    world.powerCycle()
    expect(servo(world, 'pan').read('baudIndex')).toBe(1)
    expect(await code(made.changeBaudRate(2, 9600))).toBe('TENDON_ARGUMENT_INVALID')
  })

  it('a calibration is written, read back, and outlives a power cycle', async () => {
    const { bench: made, done, world } = await bench()
    const wanted = { homingOffset: -700, rangeMin: 900, rangeMax: 3200 }
    await done(made.calibrate(2, wanted))
    world.powerCycle()
    expect(await done(made.calibration(2))).toEqual(wanted)
  })

  it('leaves no timer behind when it is closed in the middle', async () => {
    const clock = new VirtualClock()
    const made = simulated(turret).hardware.buses.servos?.workbench?.({ clock })
    if (!made) throw new Error('the family has no workbench')
    await clock.run(made.open())
    const asking = made.ping(7).catch((error: TendonError) => error.code)
    await clock.run(made.close())
    expect(await clock.run(asking)).toBe('TENDON_BUS_CLOSED')
    expect(clock.pending).toBe(0)
  })
})
