import { badArgument } from '../../base/argument.ts'
import type { RadiansPerSecondSquared } from '../../base/units.ts'
import type { ServoMode, ServoSpec } from '../../device/servo-bus.ts'
import { LARGEST_ID } from './frame.ts'
import { type Register, STS3215 } from './registers.ts'
import { LARGEST_ACCELERATION, toRawAcceleration } from './units.ts'

/**
 * What a definition may ask of an STS3215 beyond its place on the bus. All of it is volatile in the servo, but for the
 * mode, which is written to its EEPROM when it differs.
 */
export interface Sts3215Options<Mode extends ServoMode = ServoMode> {
  /** `velocity`: it turns at speeds, as a wheel does. Default `position`. */
  readonly mode?: Mode | undefined
  /** Acceleration of every motion. Default and most that the firmware takes: 50 x 100 step/s^2 = 7.67 rad/s^2. */
  readonly acceleration?: RadiansPerSecondSquared | undefined
  /** Share of the servo's torque that may be used, 0..1. Default: what its EEPROM says. */
  readonly torqueLimit?: number | undefined
  /** Gains of the position loop, 0..254 each. Default: what its EEPROM says (P 32; SO-101 arms run at P 16, D 32). */
  readonly gains?: { readonly p?: number | undefined; readonly i?: number | undefined; readonly d?: number | undefined }
}

/** The family name of Feetech STS servos. */
export const FEETECH = 'feetech'

/**
 * A Feetech STS3215 on the bus that the definition names `bus`. Throws `TENDON_ARGUMENT_INVALID` for an id outside 0..253 or an
 * option that no register can hold.
 */
// Mode is inferred from the options alone: what a definition has room for must not make a wheel of an arm's servo.
export function sts3215<const Bus extends string, const Mode extends ServoMode = 'position'>(
  bus: Bus,
  id: number,
  options: Sts3215Options<Mode> = {},
): ServoSpec<Bus> & { readonly mode: NoInfer<Mode> } {
  if (!Number.isInteger(id) || id < 0 || id > LARGEST_ID)
    throw badArgument('sts3215()', 'id', id, `a whole number from 0 to ${LARGEST_ID}`)
  wantedSettings(options)
  const mode = (options.mode ?? 'position') as Mode
  if (mode !== 'position' && mode !== 'velocity')
    throw badArgument('sts3215()', 'mode', mode, "'position' or 'velocity'")
  const ids = { min: 0, max: LARGEST_ID }
  return { family: FEETECH, model: 'STS3215', bus, id, ids, mode, options: { ...options } }
}

/** The options that `sts3215` put into a mount. */
export const optionsOf = (servo: ServoSpec): Sts3215Options => servo.options as Sts3215Options

/** The raw acceleration that a servo keeps when a setpoint names none. */
export function rawAccelerationOf({ acceleration }: Sts3215Options): number {
  return acceleration === undefined ? LARGEST_ACCELERATION : toRawAcceleration(acceleration)
}

/** What the volatile registers must hold for these options, in the order in which they are written. */
export function wantedSettings(options: Sts3215Options): readonly (readonly [Register, number])[] {
  const { acceleration, torqueLimit, gains = {} } = options
  if (acceleration !== undefined && !(acceleration > 0 && acceleration < Infinity))
    throw badArgument('sts3215()', 'acceleration', acceleration, 'a finite number above 0')
  if (torqueLimit !== undefined && !(torqueLimit >= 0 && torqueLimit <= 1))
    throw badArgument('sts3215()', 'torqueLimit', torqueLimit, 'a number from 0 to 1')
  const wanted: [Register, number][] = [[STS3215.acceleration, rawAccelerationOf(options)]]
  if (torqueLimit !== undefined) wanted.push([STS3215.torque_limit, Math.round(torqueLimit * 1000)])
  for (const [register, gain] of gainRegisters(gains)) wanted.push([register, checkGain(register, gain)])
  return wanted
}

function gainRegisters(gains: NonNullable<Sts3215Options['gains']>): [Register, number][] {
  const rows: [Register, number | undefined][] = [
    [STS3215.gain_p, gains.p],
    [STS3215.gain_d, gains.d],
    [STS3215.gain_i, gains.i],
  ]
  return rows.filter((row): row is [Register, number] => row[1] !== undefined)
}

function checkGain(register: Register, gain: number): number {
  if (Number.isInteger(gain) && gain >= 0 && gain <= 254) return gain
  throw badArgument('sts3215()', register.name, gain, 'a whole number from 0 to 254')
}
