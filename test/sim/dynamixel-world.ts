import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { JointSpec } from '../../src/device/joint.ts'
import type { ServoBusSpec, ServoSpec } from '../../src/device/servo-bus.ts'
import type { ByteTransport } from '../../src/device/transport.ts'
import { type SimulationOptions, simulated, simulationOf, type WireFrame } from '../../src/sim/index.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { toHex } from './rig.ts'

const unusable: ByteTransport = {
  kind: 'serial',
  address: '/dev/ttyNONE',
  baudRate: 1_000_000,
  open: () => Promise.reject(new Error('the real port was opened')),
}

export const busSpec = (port: ByteTransport = unusable): ServoBusSpec => ({
  family: 'dynamixel',
  port,
  withPort: busSpec,
  create: () => {
    throw new Error('not in this test')
  },
})

/** A servo of a definition, without any driver. */
const servoSpec = (id: number, more: Partial<ServoSpec> = {}): ServoSpec => ({
  family: 'dynamixel',
  model: 'XM430-W350',
  bus: 'servos',
  id,
  ids: { min: 0, max: 252 },
  options: {},
  ...more,
})

export const joint = (id: number, more: Partial<JointSpec> = {}, servo: Partial<ServoSpec> = {}): JointSpec => ({
  position: [-1.7, 1.7],
  velocity: 5,
  servo: servoSpec(id, servo),
  stop: 'park',
  ...more,
})

export interface Robot {
  readonly hardware: HardwareMap
  withHardware(map: HardwareMap): Robot
}

const robotOf = (hardware: HardwareMap): Robot => ({ hardware, withHardware: robotOf })

/** Joints pan 1, lift 2 with its shadow 3, wheel 4 that turns at speeds. */
export const dynamixelRobot = (more: Partial<HardwareMap> = {}): Robot =>
  robotOf({
    buses: { servos: busSpec() },
    joints: {
      pan: joint(1),
      lift: joint(2, { direction: -1 }, { shadows: [3] }),
      wheel: joint(4, { position: [-Infinity, Infinity] }, { mode: 'velocity', model: 'XL430-W250' }),
    },
    sensors: {},
    calibration: {},
    ...more,
  })

/** A simulation of it with its port open, and what comes out of it. Nobody waits before answering. */
export async function openDynamixels(options: SimulationOptions = {}, robot: Robot = dynamixelRobot(), start = 0) {
  const clock = new VirtualClock({ start })
  const quick = Object.fromEntries(Object.keys(robot.hardware.joints).map((name) => [name, { returnDelay: 0 }]))
  const joints = Object.fromEntries(
    Object.entries(quick).map(([name, registers]) => {
      const own = options.joints?.[name]
      return [name, { ...own, registers: { ...registers, ...own?.registers } }]
    }),
  )
  const made = simulated(robot, { ...options, joints })
  const sim = simulationOf(made)
  const port = made.hardware.buses.servos?.port as ByteTransport
  const host = await port.open({ clock })
  const received: { readonly at: number; readonly bytes: string }[] = []
  host.onBytes((bytes) => received.push({ at: clock.now(), bytes: toHex(bytes) }))
  const frames: WireFrame[] = []
  sim.tap((frame) => frames.push(frame))
  const ask = async (bytes: Uint8Array, wait = 0.02): Promise<string[]> => {
    received.length = 0
    host.write(bytes)
    await clock.advance(wait)
    return received.map((chunk) => chunk.bytes)
  }
  return { clock, sim, faults: sim.faults, port, host, received, frames, ask }
}
