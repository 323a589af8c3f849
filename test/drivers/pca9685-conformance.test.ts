import { describe, test } from 'vitest'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import type { ServoMount } from '../../src/device/servo-bus.ts'
import { pca9685 } from '../../src/drivers/pca9685/bus.ts'
import { hobbyServo } from '../../src/drivers/pca9685/hobby-servo.ts'
import { simulated, simulationOf } from '../../src/sim/simulated.ts'
import { type DriverSubject, driverConformance } from '../../src/testing/index.ts'
import { MemoryTransport } from '../../src/transports/memory.ts'

const CHANNELS = [0, 1, 5]
const mount = (channel: number): ServoMount => ({
  joint: `joint_${channel}`,
  servo: hobbyServo('pwm', channel, { speed: 5, assumed: 0 }),
})

class Arm {
  readonly hardware: HardwareMap
  constructor(hardware: HardwareMap) {
    this.hardware = hardware
  }
  withHardware(map: HardwareMap): Arm {
    return new Arm(map)
  }
}

function subject(): DriverSubject {
  const joints = CHANNELS.map((channel) => {
    const { joint, servo } = mount(channel)
    return [joint, { position: [-1.5, 1.5], velocity: 3, servo, stop: 'park' } as const]
  })
  const buses = { pwm: pca9685({ port: new MemoryTransport({ connect: () => {} }) }) }
  const arm = simulated(new Arm({ buses, joints: Object.fromEntries(joints), sensors: {}, calibration: {} }))
  const sim = simulationOf(arm)
  return {
    spec: arm.hardware.buses.pwm ?? buses.pwm,
    servos: CHANNELS.map(mount),
    // What the chip does, and what its channels send.
    questions: 2,
    measures: false,
    powered: (id) => sim.servo(id).powered,
  }
}

describe('the PCA9685 driver on its simulator', () => {
  // One chip speaks for all channels, so that no servo can be silent alone; and it measures nothing.
  const checks = driverConformance(subject)
  test.each(checks.map(({ name, run }) => [name, run] as const))('%s', (_name, run) => run())
})
