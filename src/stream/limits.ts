import type { Seconds } from '../base/units.ts'

/** The bounds of every sensor. */
export interface SensorLimits {
  /**
   * Subscriptions, waits and health listeners that one sensor may have at a time. At the bound:
   * `TENDON_TOO_MANY_SUBSCRIPTIONS`. Default 20,000.
   */
  readonly sensorSubscriptions: number
  /** How long a sensor whose link was lost waits before it opens a new one. Each failure doubles it. Default 0.25 s. */
  readonly sensorReopenAfter: Seconds
  /** The longest such wait. Default 5 s. */
  readonly sensorReopenAtMost: Seconds
}

export const defaultSensorLimits: SensorLimits = Object.freeze({
  sensorSubscriptions: 20_000,
  sensorReopenAfter: 0.25,
  sensorReopenAtMost: 5,
})
