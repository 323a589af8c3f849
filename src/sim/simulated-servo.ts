import type { Radians, RadiansPerSecond } from '../base/units.ts'
import { type JointSpec, toJoint, toJointVelocity, toServo } from '../device/joint.ts'
import { ALARM, type RegisterName, STEPS_PER_TURN } from './feetech/registers.ts'
import type { FeetechServo } from './feetech/servo.ts'
import type { Timeline } from './timeline.ts'

/** Raw step at the servo's zero. */
const CENTRE = 2048

/** A joint angle as the raw position of its servo, with fraction: 2048 + angle x 4096 / 2 pi. */
export function toSteps(joint: JointSpec, angle: Radians): number {
  return CENTRE + (toServo(joint, angle) * STEPS_PER_TURN) / (2 * Math.PI)
}

/** A raw position as the joint's angle. */
function fromSteps(joint: JointSpec, steps: number): Radians {
  return toJoint(joint, ((steps - CENTRE) * 2 * Math.PI) / STEPS_PER_TURN)
}

/**
 * One simulated servo as a test looks at it: past the bus, at the registers and at the shaft itself. Looking changes
 * nothing.
 */
export class SimulatedServo {
  readonly joint: string
  /** The bus's name in the definition. */
  readonly bus: string
  /** The servo itself, for what this view does not show. */
  readonly servo: FeetechServo
  readonly #spec: JointSpec
  readonly #timeline: Timeline

  constructor(joint: string, bus: string, servo: FeetechServo, spec: JointSpec, timeline: Timeline) {
    this.joint = joint
    this.bus = bus
    this.servo = servo
    this.#spec = spec
    this.#timeline = timeline
  }

  /** As register 5 holds it now. */
  get id(): number {
    return this.servo.id
  }

  /** A register by name, signed where it is; or one byte by address. */
  read(register: RegisterName | number): number {
    const now = this.#timeline.now()
    if (typeof register === 'string') return this.servo.register(register, now)
    return this.servo.read(register, 1, now)[0] as number
  }

  /** Where the joint really is, finer than the encoder. */
  get angle(): Radians {
    return fromSteps(this.#spec, this.servo.position(this.#timeline.now()))
  }

  /** The angle that its position register holds: what a host can read. */
  get position(): Radians {
    return fromSteps(this.#spec, this.read('presentPosition'))
  }

  get velocity(): RadiansPerSecond {
    const steps = this.servo.velocity(this.#timeline.now())
    return toJointVelocity(this.#spec, (steps * 2 * Math.PI) / STEPS_PER_TURN)
  }

  /** The angle that the servo goes to: its goal register after the limits. */
  get goal(): Radians {
    return fromSteps(this.#spec, this.read('presentGoal'))
  }

  /** Whether the motor is energised: torque on, and not unloaded by an alarm. */
  get powered(): boolean {
    return this.servo.powered(this.#timeline.now())
  }

  /** Whether the shaft turns. */
  get moving(): boolean {
    return this.read('moving') === 1
  }

  /** Names of the alarm bits that are set. */
  get alarms(): readonly (keyof typeof ALARM)[] {
    const status = this.read('status')
    return (Object.keys(ALARM) as (keyof typeof ALARM)[]).filter((name) => (status & ALARM[name]) !== 0)
  }

  /** Turns the joint by hand, at once; a powered servo goes back to its goal. The mechanical ends hold. */
  turnTo(angle: Radians): void {
    this.servo.turnTo(toSteps(this.#spec, angle), this.#timeline.now())
  }

  /** Takes its power away and gives it back: torque off, RAM forgotten, EEPROM as saved. */
  powerCycle(): void {
    this.servo.powerCycle(this.#timeline.now())
  }
}
