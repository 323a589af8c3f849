import { badArgument } from '../../base/argument.ts'
import { OPERATING_MODES, type ServoModel } from './models.ts'
import { REVERSE, type Register, X_SERIES } from './registers.ts'
import type { DynamixelGains, DynamixelOptions } from './servos.ts'
import { LONGEST_WATCHDOG, toRawAcceleration, toRawWatchdog, WATCHDOG_UNIT } from './units.ts'

type Setting = readonly [register: Register, value: number]

/** Quick, and still a ramp: a servo without one jerks at each setpoint. */
const USUAL_ACCELERATION = 40
/** Three reads of a joint that holds while the robot is disarmed. */
const USUAL_WATCHDOG = 0.3
const LARGEST_GAIN = 16_383

/** The raw acceleration that a servo keeps when a setpoint names none. */
export const rawAccelerationOf = ({ acceleration = USUAL_ACCELERATION }: DynamixelOptions): number =>
  toRawAcceleration(acceleration)

/** Register 10 of a servo that counts in this direction. */
export const driveModeOf = (reversed: boolean): number => (reversed ? REVERSE : 0)

/** Register 11. */
export const rawModeOf = ({ mode = 'position' }: DynamixelOptions): number => OPERATING_MODES[mode]

/** Register 98: 0 = off. */
export const rawWatchdogOf = ({ watchdog = USUAL_WATCHDOG }: DynamixelOptions): number =>
  watchdog === 'off' ? 0 : toRawWatchdog(watchdog)

/**
 * What the volatile registers must hold for these options, in the order in which they are written; a change of mode and a
 * tripped watchdog reset some of them. Throws `TENDON_ARGUMENT_INVALID` in the name of `call` for what no register holds.
 */
export function wantedSettings(call: string, model: ServoModel, options: DynamixelOptions): readonly Setting[] {
  const { acceleration, watchdog } = options
  if (acceleration !== undefined && !(acceleration > 0 && acceleration < Infinity))
    throw badArgument(call, 'acceleration', acceleration, 'a finite number above 0')
  const units = rawWatchdogOf(options)
  if (watchdog !== 'off' && !(units >= 1 && units <= LONGEST_WATCHDOG))
    throw badArgument(call, 'watchdog', watchdog, `${WATCHDOG_UNIT} to ${LONGEST_WATCHDOG * WATCHDOG_UNIT} s, or 'off'`)
  return [
    [X_SERIES.profile_acceleration, rawAccelerationOf(options)],
    ...currentSetting(call, model, options),
    ...gainSettings(call, options.gains ?? {}),
  ]
}

function currentSetting(call: string, { currentUnit }: ServoModel, { mode, current }: DynamixelOptions): Setting[] {
  if (current === undefined) return []
  if (mode !== 'current-position' || currentUnit === undefined)
    throw badArgument(call, 'current', current, "left out unless the mode is 'current-position'")
  const raw = Math.round(current / currentUnit)
  if (!(raw >= 1 && raw <= 32_767))
    throw badArgument(call, 'current', current, 'amperes above 0 that the register holds')
  return [[X_SERIES.goal_current, raw]]
}

function gainSettings(call: string, { position = {}, velocity = {}, feedforward = {} }: DynamixelGains): Setting[] {
  const rows: readonly [Register, number | undefined][] = [
    [X_SERIES.position_gain_p, position.p],
    [X_SERIES.position_gain_i, position.i],
    [X_SERIES.position_gain_d, position.d],
    [X_SERIES.velocity_gain_p, velocity.p],
    [X_SERIES.velocity_gain_i, velocity.i],
    [X_SERIES.feedforward_1, feedforward.first],
    [X_SERIES.feedforward_2, feedforward.second],
  ]
  return rows.flatMap(([register, gain]) => {
    if (gain === undefined) return []
    if (Number.isInteger(gain) && gain >= 0 && gain <= LARGEST_GAIN) return [[register, gain] as const]
    throw badArgument(call, register.name, gain, `a whole number from 0 to ${LARGEST_GAIN}`)
  })
}
