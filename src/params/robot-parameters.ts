import type { Cause } from '../base/cause.ts'
import type { Seconds } from '../base/units.ts'
import type { ParameterMap, ParameterSpec, ParameterValue, ParameterValueOf } from '../define/parameter.ts'

/** One parameter as it is now, for people and programs that show it. */
export interface ParameterInfo {
  readonly name: string
  readonly kind: ParameterSpec['kind']
  /** In SI. */
  readonly value: ParameterValue
  readonly default: ParameterValue
  readonly min: number | undefined
  readonly max: number | undefined
  readonly step: number | undefined
  readonly unit: string | undefined
  /** The words to choose from. */
  readonly choices: readonly string[] | undefined
  readonly doc: string | undefined
  /** Somebody has set it; otherwise it follows the default of its definition. */
  readonly changed: boolean
  /** The value in its unit: `30 deg`. `parse` reads it. */
  readonly shown: string
  /** What it takes: `a number from 0 deg to 90 deg`. */
  readonly accepts: string
}

/** A change that is in force. */
export interface ParameterChange<V extends ParameterValue = ParameterValue> {
  readonly name: string
  readonly from: V
  readonly to: V
  readonly by: string
  readonly reason: string
  /** Monotonic seconds. */
  readonly at: Seconds
}

/** The parameters of a running robot. Setting one moves nothing: what it is an option of has the value from then on. */
export interface RobotParameters<P extends ParameterMap = ParameterMap> {
  /** The value in force. Throws `TENDON_UNKNOWN_PARAMETER`. */
  get<K extends keyof P & string>(name: K): ParameterValueOf<P[K]>
  /**
   * Checks the value now, stores it, and then puts it in force; resolves when it is both. Rejects with a `TendonError`
   * and changes nothing: `TENDON_PARAMETER_INVALID` with everything that is wrong, `TENDON_UNKNOWN_PARAMETER`,
   * `TENDON_PARAMETER_STORE_FAILED` when the storage failed or took longer than `limits.storageTimeout`.
   */
  set<K extends keyof P & string>(name: K, value: NoInfer<ParameterValueOf<P[K]>>, cause?: Cause): Promise<void>
  /** Forgets what was set: the default of the definition is in force. Rejects like `set`. */
  reset(name: keyof P & string, cause?: Cause): Promise<void>
  /** All of them, in the order of the definition. */
  all(): ParameterInfo[]
  /** Reads what a person typed: `30deg`, `1.5 s`, `on`. Throws `TENDON_PARAMETER_INVALID` with what is accepted. */
  parse<K extends keyof P & string>(name: K, text: string): ParameterValueOf<P[K]>
  /** Calls `listener` after each change of this parameter, until the returned function is called or the robot closes. */
  on<K extends keyof P & string>(
    name: K,
    listener: (change: ParameterChange<ParameterValueOf<P[K]>>) => void,
  ): () => void
  /** The same for all of them. */
  onAny(listener: (change: ParameterChange) => void): () => void
}
