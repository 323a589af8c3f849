import type { ByteConnection, DeviceEnv, Unsubscribe } from '../device/transport.ts'
import type { Faults } from './faults.ts'
import type { FeetechBus, WireFrame } from './feetech/bus.ts'
import { named } from './named.ts'
import type { Roster, ServoRef } from './roster.ts'
import type { SimulatedServo } from './simulated-servo.ts'

/** The world behind a simulated robot: its servos, its wires, and what may go wrong with them. */
export class Simulation {
  readonly faults: Faults
  readonly #buses: ReadonlyMap<string, FeetechBus>
  readonly #roster: Roster

  constructor(buses: ReadonlyMap<string, FeetechBus>, roster: Roster, faults: Faults) {
    this.faults = faults
    this.#buses = buses
    this.#roster = roster
  }

  /** One servo, by its joint or its id. Throws a `TendonError` when there is none. */
  servo(ref: ServoRef): SimulatedServo {
    return this.#roster.find(ref)
  }

  /** All servos, in the order of the definition's joints. */
  get servos(): readonly SimulatedServo[] {
    return this.#roster.all
  }

  /** One bus, by its name in the definition. Throws a `TendonError` when there is none. */
  bus(name: string): FeetechBus {
    return named('bus', this.#buses, name)
  }

  /** Tells `listener` every frame on every wire, in order of time. It must not throw. */
  tap(listener: (frame: WireFrame) => void): Unsubscribe {
    const ends = [...this.#buses.values()].map((bus) => bus.tap(listener))
    return () => {
      for (const end of ends) end()
    }
  }

  /** Puts a bus behind any connection, such as the master of a pty, until the returned function is called. */
  attach(bus: string, connection: ByteConnection, env: DeviceEnv): Unsubscribe {
    return this.bus(bus).attach(connection, env)
  }

  /** Switches the power of all servos off and on: torque off, RAM forgotten, EEPROM as saved. */
  powerCycle(): void {
    for (const servo of this.#roster.all) servo.powerCycle()
  }
}
