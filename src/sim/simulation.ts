import { TendonError } from '../base/problem.ts'
import type { ByteConnection, DeviceEnv, Unsubscribe } from '../device/transport.ts'
import type { SimulatedLine, WireFrame } from './family.ts'
import type { Faults } from './faults.ts'
import { named } from './named.ts'
import { simProblem } from './problems.ts'
import type { Roster, ServoRef } from './roster.ts'
import type { SimulatedInput } from './simulated-input.ts'
import type { SimulatedServo } from './simulated-servo.ts'

/** The world behind a simulated robot: its servos, its wires, and what may go wrong with them. */
export class Simulation {
  readonly faults: Faults
  /** Sensors of the definition that nothing was named for: their simulated port is silent, and they stay `unknown`. */
  readonly silentSensors: readonly string[]
  readonly #buses: ReadonlyMap<string, SimulatedLine>
  readonly #roster: Roster
  readonly #stopInputs: ReadonlyMap<string, SimulatedInput>

  constructor(
    buses: ReadonlyMap<string, SimulatedLine>,
    roster: Roster,
    faults: Faults,
    silentSensors: readonly string[] = [],
    stopInputs: ReadonlyMap<string, SimulatedInput> = new Map(),
  ) {
    this.faults = faults
    this.silentSensors = silentSensors
    this.#stopInputs = stopInputs
    this.#buses = buses
    this.#roster = roster
  }

  /** One servo, by its joint (not its shadows) or its id. Throws a `TendonError` when there is none. */
  servo(ref: ServoRef): SimulatedServo {
    return this.#roster.find(ref)
  }

  /** All servos, in the order of the definition's joints, each followed by its shadows. */
  get servos(): readonly SimulatedServo[] {
    return this.#roster.all
  }

  /** The names of the buses, in the order of the definition. */
  get busNames(): readonly string[] {
    return [...this.#buses.keys()]
  }

  /** One bus, by its name in the definition. Throws a `TendonError` when there is none. */
  bus(name: string): SimulatedLine {
    return named('bus', this.#buses, name)
  }

  /** One stop button that nothing else was named for: `.press()`. Throws a `TendonError` when there is none. */
  stopInput(name: string): SimulatedInput {
    return named('stop input', this.#stopInputs, name)
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
   * servos hear it whatever baud rate they are set to. Throws a `TendonError` for a bus that is no serial line.
   */
  attach(bus: string, connection: ByteConnection, env: DeviceEnv, options: { anyBaud?: boolean } = {}): Unsubscribe {
    const line = this.bus(bus)
    if (line.attach) return line.attach(connection, env, options)
    throw new TendonError(simProblem('TENDON_SIM_NO_STREAM', { bus }))
  }

  /** Switches the power of all servos off and on: torque off, RAM forgotten, EEPROM as saved. */
  powerCycle(): void {
    for (const servo of this.#roster.all) servo.powerCycle()
  }
}
