import { badArgument } from '../base/argument.ts'
import { deg, type Radians, type RadiansPerSecond, type Seconds } from '../base/units.ts'

/** Every bound of the motion and stop layers, in one place. All times in seconds, all angles in radians. */
export interface HardwareLimits {
  /** Control ticks per second while joints are powered. Default 50. */
  readonly rate: number
  /** Reads per second while nothing is powered. Default 10. */
  readonly idleRate: number
  /** Seconds between two rounds that also read voltage, temperature and alarms. Default 1. */
  readonly statusInterval: Seconds
  /** A servo that has not answered for this long, and for at least `missBudget` ticks, is lost. Default 0.2 s. */
  readonly silence: Seconds
  /** Ticks without an answer that are forgiven, however slow the ticks are. Default 5. */
  readonly missBudget: number
  /** The oldest reading that a stop frame may freeze a joint at. Default 0.05 s. */
  readonly freezeAge: Seconds
  /**
   * How long a guard waits for the next control tick before it stops the robot and ends the program. Default 0.1 s, and
   * never less than three ticks.
   */
  readonly guardLimit: Seconds
  /** A host that missed this much of its ticks starts joints again from rest. Default 0.05 s. */
  readonly restartAfter: Seconds
  /** How long a streamed setpoint lives when its sender says nothing. Default 0.1 s. */
  readonly streamTtl: Seconds
  /** How long each joint must be read within its tolerance before a move has arrived. Default 0.1 s. */
  readonly settleTime: Seconds
  /** Lag behind the setpoint, beyond what the joint's own ramp explains, that counts as stalled. Default 0.15 rad. */
  readonly stallLag: Radians
  /** How long that lag must last. Default 0.3 s. */
  readonly stallTime: Seconds
  /** How long after its profile ended a move may still be on the way. Default 1.5 s. */
  readonly arriveTimeout: Seconds
  /** How many of its last replies a servo is judged by. Default 100. */
  readonly replyWindow: number
  /** The share of them lost from which a servo is told to be noisy. Default 0.1. */
  readonly noisyShare: number
  /** The share of them lost from which a powered servo is a fault. Default 0.5. */
  readonly brokenShare: number
  /** How long `halt` waits to read joints standing still. Default 1.5 s. */
  readonly haltTimeout: Seconds
  /** How long a stop waits for standstill before it powers off. Default 2 s. */
  readonly parkCap: Seconds
  /** The wait before a lost bus is tried again; it doubles each time. Default 0.1 s. */
  readonly reopenFirst: Seconds
  /** The longest of these waits. Default 2 s. */
  readonly reopenLongest: Seconds
  /** How long a single call to a bus may take during a stop or an arm before it counts as unanswered. Default 1 s. */
  readonly callTimeout: Seconds
  /** How long the joints are watched after torque on. Default 0.1 s. */
  readonly armSettle: Seconds
  /** The most that a joint may move while it is powered up. Default 1 degree. */
  readonly armTravel: Radians
  /** How long arming waits to read all joints standing still. Default 0.5 s. */
  readonly armStill: Seconds
  /** How far outside its limits a joint may stand and still be armed. Default 5 degrees. */
  readonly armMargin: Radians
  /** Degrees Celsius below the servo's own limit at which arming is refused. Default 10. */
  readonly temperatureMargin: number
  /** Largest speed of the servo's shaft that counts as standing still. Default 0.05 rad/s. */
  readonly stillVelocity: RadiansPerSecond
  /** Speed of the servo's shaft below which a stop freezes it anew where it is. Default 0.25 rad/s. */
  readonly slowVelocity: RadiansPerSecond
  /** Largest travel of the servo's shaft over three reads that counts as standing still. Default 2 steps of 4096. */
  readonly stillTravel: Radians
}

export const defaultHardwareLimits: HardwareLimits = Object.freeze({
  rate: 50,
  idleRate: 10,
  statusInterval: 1,
  silence: 0.2,
  missBudget: 5,
  freezeAge: 0.05,
  guardLimit: 0.1,
  restartAfter: 0.05,
  streamTtl: 0.1,
  settleTime: 0.1,
  stallLag: 0.15,
  stallTime: 0.3,
  arriveTimeout: 1.5,
  replyWindow: 100,
  noisyShare: 0.1,
  brokenShare: 0.5,
  haltTimeout: 1.5,
  parkCap: 2,
  reopenFirst: 0.1,
  reopenLongest: 2,
  callTimeout: 1,
  armSettle: 0.1,
  armTravel: deg(1),
  armStill: 0.5,
  armMargin: deg(5),
  temperatureMargin: 10,
  stillVelocity: 0.05,
  slowVelocity: 0.25,
  // 2.01: two steps exactly must pass whatever the rounding of the subtraction.
  stillTravel: (2.01 * 2 * Math.PI) / 4096,
})

/** The defaults with `overrides` in their place. Throws `TENDON_ARGUMENT_INVALID` that names a bound that is no bound. */
export function hardwareLimits(overrides: Partial<HardwareLimits> = {}): HardwareLimits {
  const limits = { ...defaultHardwareLimits, ...overrides }
  // Only ours: the caller's object may hold limits of other parts as well.
  for (const name of Object.keys(defaultHardwareLimits) as (keyof HardwareLimits)[]) {
    const value = limits[name]
    if (!(value > 0 && value < Infinity))
      throw badArgument('start()', `limit ${name}`, value, 'a finite number above 0')
  }
  return Object.freeze(limits)
}
