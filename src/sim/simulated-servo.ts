import type { Radians, RadiansPerSecond } from '../base/units.ts'
import { type JointSpec, toJoint, toJointVelocity, toServo } from '../device/joint.ts'
import type { AnyRegister } from './families.ts'
import type { ServoUnit } from './family.ts'
import { named } from './named.ts'
import { fromRaw, toRaw } from './scale.ts'
import type { Timeline } from './timeline.ts'

/**
 * One simulated servo as a test looks at it: past the bus, at the registers and at the shaft itself. Looking changes
 * nothing.
 */
export class SimulatedServo {
  readonly joint: string
  /** The bus's name in the definition. */
  readonly bus: string
  /** The servo itself, for what this view does not show. */
  readonly servo: ServoUnit
  readonly #spec: JointSpec
  readonly #timeline: Timeline

  constructor(joint: string, bus: string, servo: ServoUnit, spec: JointSpec, timeline: Timeline) {
    this.joint = joint
    this.bus = bus
    this.servo = servo
    this.#spec = spec
    this.#timeline = timeline
  }

  /** As its register holds it now. */
  get id(): number {
    return this.servo.id
  }

  /**
   * A register by name, signed where it is; or one byte by address. Throws a `TendonError` for the name of a register
   * that a servo of this family does not have.
   */
  read(register: AnyRegister | number): number {
    const now = this.#timeline.now()
    if (typeof register === 'number') return this.servo.read(register, 1, now)[0] as number
    const known = new Map(this.servo.registerNames.map((name) => [name, name]))
    return this.servo.register(named(`register of ${this.joint}`, known, register), now)
  }

  /** Where the joint really is, finer than the encoder. */
  get angle(): Radians {
    return this.#angleOf(this.servo.position(this.#timeline.now()))
  }

  /** The angle that a host can read. */
  get position(): Radians {
    return this.#angleOf(this.servo.presentPosition(this.#timeline.now()))
  }

  get velocity(): RadiansPerSecond {
    const raw = this.servo.velocity(this.#timeline.now())
    return toJointVelocity(this.#spec, (raw * 2 * Math.PI) / this.servo.scale.turn)
  }

  /** The angle that the servo goes to, after its limits. */
  get goal(): Radians {
    return this.#angleOf(this.servo.presentGoal(this.#timeline.now()))
  }

  /** Whether the motor is energised: torque on, and not unloaded by an alarm. */
  get powered(): boolean {
    return this.servo.powered(this.#timeline.now())
  }

  /** Whether the shaft turns. */
  get moving(): boolean {
    return this.servo.moving(this.#timeline.now())
  }

  /** Names of the alarms that it raises. */
  get alarms(): readonly string[] {
    return this.servo.alarms(this.#timeline.now())
  }

  /** Turns the joint by hand, at once; a powered servo goes back to its goal. The mechanical ends hold. */
  turnTo(angle: Radians): void {
    this.servo.turnTo(toRaw(this.servo.scale, toServo(this.#spec, angle)), this.#timeline.now())
  }

  /** Takes its power away and gives it back: torque off, RAM forgotten, EEPROM as saved. */
  powerCycle(): void {
    this.servo.powerCycle(this.#timeline.now())
  }

  #angleOf(raw: number): Radians {
    return toJoint(this.#spec, fromRaw(this.servo.scale, raw))
  }
}
