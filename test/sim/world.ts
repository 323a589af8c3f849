import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { ByteTransport } from '../../src/device/transport.ts'
import { feetech, sts3215 } from '../../src/drivers/feetech/index.ts'
import { type SimulationOptions, simulated, simulationOf, type WireFrame } from '../../src/sim/index.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { serial } from '../../src/transports/serial.ts'
import { toHex } from './rig.ts'

interface Arm {
  readonly hardware: HardwareMap
  withHardware(map: HardwareMap): Arm
}

const arm = (hardware: HardwareMap): Arm => ({ hardware, withHardware: arm })

/** Joints pan, lift, jaw with the servos 1, 2, 3 of one bus. */
export const threeJoints = (): Arm =>
  arm({
    buses: { servos: feetech({ port: serial({ path: '/dev/ttyNONE', baudRate: 1_000_000 }) }) },
    joints: Object.fromEntries(
      ['pan', 'lift', 'jaw'].map((joint, index) => [
        joint,
        { position: [-1.7, 1.7], velocity: 5, servo: sts3215('servos', index + 1), stop: 'park' },
      ]),
    ),
    sensors: {},
    calibration: {},
  })

/** A simulation with its port open, and what comes out of it. */
export async function openWorld(options: SimulationOptions = {}) {
  const clock = new VirtualClock()
  const robot = simulated(threeJoints(), options)
  const sim = simulationOf(robot)
  const port = robot.hardware.buses.servos?.port as ByteTransport
  const host = await port.open({ clock })
  const received: { readonly at: number; readonly bytes: string }[] = []
  host.onBytes((bytes) => received.push({ at: clock.now(), bytes: toHex(bytes) }))
  const frames: WireFrame[] = []
  sim.tap((frame) => frames.push(frame))
  /** Sends, waits, and gives what came back, chunk by chunk. */
  const ask = async (bytes: Uint8Array, wait = 0.02): Promise<string[]> => {
    received.length = 0
    host.write(bytes)
    await clock.advance(wait)
    return received.map((chunk) => chunk.bytes)
  }
  return { clock, sim, faults: sim.faults, port, host, received, frames, ask }
}
