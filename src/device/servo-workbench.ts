import type { ServoCalibration } from './servo-bus.ts'

/** What answered at an id. */
export interface FoundServo {
  readonly id: number
  /** `STS3215`, or `unknown (1234)` for a model number that the driver does not know. */
  readonly model: string
  readonly modelNumber: number
  readonly firmware: string
}

/** What a person sees of one servo while it is turned by hand. */
export interface ServoGlance {
  /** Raw position: what the register says, with the offset that is in the servo applied. */
  readonly position: number
  readonly powered: boolean
  /** Volts. */
  readonly voltage: number
  /** Degrees Celsius. */
  readonly temperature: number
  readonly alarms: readonly string[]
}

/**
 * What a person does to servos one at a time, with no robot running: find them, number them, calibrate them. Nothing
 * here moves or powers a servo. Each call rejects with a `TendonError` when the link is gone or a servo that must answer
 * does not; the queue of the line is its bound.
 */
export interface ServoWorkbench {
  readonly isOpen: boolean
  /** The baud rates that servos of this family can be set to, the factory's first. */
  readonly baudRates: readonly number[]
  /** The ids that can be given to a servo. */
  readonly ids: { readonly min: number; readonly max: number }
  /** Raw steps of one turn, and the raw position that is the middle of the travel. */
  readonly steps: number
  readonly centre: number
  /** Whether the offset is added to the shaft's own position (Dynamixel) or taken from it (Feetech). Default taken. */
  readonly addsOffset?: boolean | undefined
  open(): Promise<void>
  close(): Promise<void>
  /** Asks once who has this id; `undefined`: nobody. What two servos of one id say together is `TENDON_SERVO_ID_TWICE`. */
  ping(id: number): Promise<FoundServo | undefined>
  glance(id: number): Promise<ServoGlance>
  /** Takes its power, and reads that back. Rejects with `TENDON_TORQUE_NOT_OFF`. */
  letGo(id: number): Promise<void>
  /** Writes a new id into its EEPROM, power off first, and pings it there. Rejects when the new id answers already. */
  changeId(from: number, to: number): Promise<void>
  /** Writes the baud rate; the servo answers at the new one only, so that nothing is read back here. */
  changeBaudRate(id: number, baudRate: number): Promise<void>
  /** What the registers of this unit hold. */
  calibration(id: number): Promise<ServoCalibration>
  /** Writes zero and range, with power off, and reads them back. */
  calibrate(id: number, calibration: ServoCalibration): Promise<void>
}
