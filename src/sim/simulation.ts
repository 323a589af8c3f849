import type { ByteConnection, DeviceEnv, Unsubscribe } from '../device/transport.ts'
import type { Faults } from './faults.ts'
import type { FeetechBus, WireFrame } from './feetech/bus.ts'
import { named } from './named.ts'
import type { Roster, ServoRef } from './roster.ts'
import type { SimulatedServo } from './simulated-servo.ts'

/** The world behind a simulated robot: its servos, its wires, and what may go wrong with them. */
export class Simulation {
  readonly faults: Faults
  /** Sensors of the definition that nothing was named for: their simulated port is silent, and they stay `unknown`. */
  readonly silentSensors: readonly string[]
  readonly #buses: ReadonlyMap<string, FeetechBus>
  readonly #roster: Roster

  constructor(
    buses: ReadonlyMap<string, FeetechBus>,
    roster: Roster,
    faults: Faults,
    silentSensors: readonly string[] = [],
  ) {
    this.faults = faults
    this.silentSensors = silentSensors
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

  /** The names of the buses, in the order of the definition. */
  get busNames(): readonly string[] {
    return [...this.#buses.keys()]
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

  /**
   * Puts a bus behind any connection, such as the master of a pty, until the returned function is called. `anyBaud`:
   * servos hear it whatever baud rate they are set to.
   */
  attach(bus: string, connection: ByteConnection, env: DeviceEnv, options: { anyBaud?: boolean } = {}): Unsubscribe {
    return this.bus(bus).attach(connection, env, options)
  }

  /** Switches the power of all servos off and on: torque off, RAM forgotten, EEPROM as saved. */
  powerCycle(): void {
    for (const servo of this.#roster.all) servo.powerCycle()
  }
}
