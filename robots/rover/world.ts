import type { Clock, Metres, Radians, Seconds } from 'tendon'
import type { ByteConnection, ByteTransport } from 'tendon/device'
import type { Simulation } from 'tendon/sim'
import { MemoryTransport } from 'tendon/testing'
import type { Attitude, Battery } from './readings.ts'
import { RADIUS, TRACK } from './wheels.ts'

/** What the world is told of the robot that drives in it. */
export interface Scene {
  readonly sim: Simulation
  readonly clock: Clock
  /** Speaks through the broker behind the robot's links. */
  publish(topic: string, value: unknown): unknown
}

/** How often the IMU and the battery speak. */
const IMU_PERIOD: Seconds = 0.05
const BATTERY_PERIOD: Seconds = 0.5
/** How near to the dock current flows. */
const REACH: Metres = 0.02
/** How much it charges, and drains, a second. */
const [CHARGE, DRAIN] = [0.002, 0.0005]

/**
 * The floor that the simulated rover drives on: its pose from what the simulated wheels have turned, an IMU and a battery
 * that say so, and a dock. `tendon sim` and `tendon run --sim` bring it, tests make their own.
 */
export class RoverWorld {
  /** Where the sensors listen. */
  readonly sensors: Readonly<Record<'imu', ByteTransport>>
  /** Where it is, from where it began, and where its front looks. */
  readonly pose = { x: 0 as Metres, y: 0 as Metres, yaw: 0 as Radians }
  /** How far it leans, as somebody sets it. */
  lean: Pick<Attitude, 'pitch' | 'roll'> = { pitch: 0, roll: 0 }
  charge = 0.8
  /** The IMU says nothing while this is set. */
  mute = false
  /** Where current flows; nowhere at first. */
  dock: { readonly x: Metres; readonly y: Metres } | undefined
  #imu: ByteConnection | undefined
  #battery: Battery | undefined
  #wheels = [0, 0] as readonly [Radians, Radians]

  constructor() {
    const connect = (device: ByteConnection): void => {
      this.#imu = device
    }
    this.sensors = { imu: new MemoryTransport({ address: 'a simulated IMU', baudRate: 115_200, connect }) }
  }

  /** What the battery said last. */
  get battery(): Battery | undefined {
    return this.#battery
  }

  /** Begins to follow the wheels and to speak, until the returned function is called. */
  begin({ sim, clock, publish }: Scene): () => void {
    this.#wheels = anglesOf(sim)
    let batteryDue = clock.now()
    const beat = (): void => {
      timer = clock.after(IMU_PERIOD, beat)
      this.#roll(anglesOf(sim))
      if (!this.mute && this.#imu?.isOpen) this.#imu.write(lineOf({ yaw: this.pose.yaw, ...this.lean }))
      if (clock.now() < batteryDue) return
      batteryDue += BATTERY_PERIOD
      this.#battery = this.#drain(BATTERY_PERIOD)
      publish('rover/battery', this.#battery)
    }
    let timer = clock.after(0, beat)
    return () => timer.cancel()
  }

  /** Where two wheels that do not slip have taken it. */
  #roll(wheels: readonly [Radians, Radians]): void {
    const [left, right] = [wheels[0] - this.#wheels[0], wheels[1] - this.#wheels[1]].map((angle) => angle * RADIUS)
    this.#wheels = wheels
    const [way, turn] = [((left ?? 0) + (right ?? 0)) / 2, ((right ?? 0) - (left ?? 0)) / TRACK]
    this.pose.x += way * Math.cos(this.pose.yaw + turn / 2)
    this.pose.y += way * Math.sin(this.pose.yaw + turn / 2)
    this.pose.yaw = Math.atan2(Math.sin(this.pose.yaw + turn), Math.cos(this.pose.yaw + turn))
  }

  #drain(time: Seconds): Battery {
    const { x, y } = this.pose
    const charging = this.dock !== undefined && Math.hypot(x - this.dock.x, y - this.dock.y) <= REACH
    this.charge = Math.min(1, Math.max(0, this.charge + time * (charging ? CHARGE : -DRAIN)))
    return { charge: this.charge, volts: 6.4 + 2 * this.charge, charging }
  }
}

/** The shafts themselves, whole turns included. */
const anglesOf = (sim: Simulation): readonly [Radians, Radians] => [
  sim.servo('left_wheel').angle,
  sim.servo('right_wheel').angle,
]

const lineOf = (attitude: Attitude): Uint8Array => new TextEncoder().encode(`${JSON.stringify(attitude)}\n`)

/** The world of this process: the one that the story is told in. */
export default new RoverWorld()
