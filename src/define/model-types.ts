import type { SensorSpec } from '../device/sensor.ts'
import type { ParameterMap, ParameterValueOf } from './parameter.ts'

/** The names that a model declares, as types: what makes a misspelt state, joint or category not compile. */
export interface ModelTypes {
  /** `'idle'` and the declared states; never `'disarmed'`, which no one can ask for. */
  readonly state: string
  /** `'default'` and the declared categories. */
  readonly category: string
  readonly joint: string
  /** Those joints that go to positions, and the passive ones. */
  readonly positionJoint: string
  /** Those joints that turn at speeds. */
  readonly speedJoint: string
  /** Named resources beside the joints. */
  readonly resource: string
  readonly sensors: Readonly<Record<string, SensorSpec>>
  readonly link: string
  readonly parameters: ParameterMap
  /** The names of those parameters that are numbers: what options can come from. */
  readonly numeric: string
}

/** The operational states in which a command may be allowed. */
export type AllowedState<M extends ModelTypes> = M['state'] | 'disarmed'
/** What a run can claim. */
export type ClaimOf<M extends ModelTypes> = M['joint'] | M['resource']

/** The values in force of all parameters. */
export type ValuesOf<P extends ParameterMap> = { readonly [K in keyof P]: ParameterValueOf<P[K]> }

/** The value type of a sensor. */
export type SensorValue<S> = S extends SensorSpec<infer T> ? T : never
