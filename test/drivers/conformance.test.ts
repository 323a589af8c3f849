import { describe, test } from 'vitest'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { ServoMount } from '../../src/device/servo-bus.ts'
import { feetech } from '../../src/drivers/feetech/bus.ts'
import { sts3215 } from '../../src/drivers/feetech/sts3215.ts'
import { simulated, simulationOf } from '../../src/sim/simulated.ts'
import { type DriverSubject, driverConformance } from '../../src/testing/index.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'

const IDS = [1, 2, 3]
const mount = (id: number): ServoMount => ({ joint: `joint_${id}`, servo: sts3215('servos', id) })

class Arm {
  readonly hardware: HardwareMap
  constructor(hardware: HardwareMap) {
    this.hardware = hardware
  }
  withHardware(map: HardwareMap): Arm {
    return new Arm(map)
  }
}

function feetechSubject(echo: boolean): DriverSubject {
  const joints = IDS.map((id) => {
    const { joint, servo } = mount(id)
    return [joint, { position: [-2, 2], velocity: 5, servo, stop: 'park' } as const]
  })
  const nowhere = new MemoryTransport({ connect: () => {} })
  const buses = { servos: feetech({ port: nowhere, echo }) }
  const arm = simulated(new Arm({ buses, joints: Object.fromEntries(joints), sensors: {}, calibration: {} }), { echo })
  const sim = simulationOf(arm)
  return {
    spec: arm.hardware.buses.servos ?? buses.servos,
    servos: IDS.map(mount),
    absent: mount(99),
    powered: (id) => sim.servo(id).powered,
  }
}

describe.each([false, true])('the Feetech driver on its simulator (echo: %s)', (echo) => {
  const checks = driverConformance(() => feetechSubject(echo))
  test.each(checks.map(({ name, run }) => [name, run] as const))('%s', (_name, run) => run())
})
