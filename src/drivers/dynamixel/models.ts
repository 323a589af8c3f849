/** What a servo's goal is. */
export type OperatingMode = 'current' | 'velocity' | 'position' | 'extended-position' | 'current-position' | 'pwm'

/** Register 11 for each. */
export const OPERATING_MODES: Readonly<Record<OperatingMode, number>> = {
  current: 0,
  velocity: 1,
  position: 3,
  'extended-position': 4,
  'current-position': 5,
  pwm: 16,
}

/** What is particular to a model. */
export interface ServoModel {
  /** As its label says. */
  readonly name: string
  /** What register 0 says. */
  readonly number: number
  /** What registers 38, 102 and 126 count in, in amperes; absent: it measures no current, and 126 is a load. */
  readonly currentUnit?: number
  /** Initial value of the current limit (register 38), until the servo itself has been asked. */
  readonly currentLimit?: number
}

const XL330 = { currentUnit: 0.001, currentLimit: 1750 }
const XC330 = { currentUnit: 0.001, currentLimit: 910 }

/**
 * The models that this driver knows. Source: the maker's published control tables; the unit of 2.69 mA was never checked
 * against a servo.
 */
export const MODELS = {
  'XL330-M077': { name: 'XL330-M077', number: 1190, ...XL330 },
  'XL330-M288': { name: 'XL330-M288', number: 1200, ...XL330 },
  'XL430-W250': { name: 'XL430-W250', number: 1060 },
  'XM430-W350': { name: 'XM430-W350', number: 1020, currentUnit: 0.00269, currentLimit: 1193 },
  'XM540-W270': { name: 'XM540-W270', number: 1120, currentUnit: 0.00269, currentLimit: 2047 },
  'XC430-W150': { name: 'XC430-W150', number: 1070 },
  'XC330-T181': { name: 'XC330-T181', number: 1210, ...XC330 },
  'XC330-T288': { name: 'XC330-T288', number: 1220, ...XC330 },
} as const satisfies Readonly<Record<string, ServoModel>>

const BY_NAME: ReadonlyMap<string, ServoModel> = new Map(Object.entries(MODELS))

/** The model of this name, as `ServoSpec.model` says it. */
export const modelNamed = (name: string): ServoModel | undefined => BY_NAME.get(name)

/** `XL330-M288`, or `unknown (1234)`. */
export function labelOf(modelNumber: number): string {
  for (const { name, number } of BY_NAME.values()) if (number === modelNumber) return name
  return `unknown (${modelNumber})`
}

/** Whether the model can take goals of this kind: those that measure no current have no mode that limits it. */
export const hasMode = ({ currentUnit }: ServoModel, mode: OperatingMode): boolean =>
  currentUnit !== undefined || (mode !== 'current' && mode !== 'current-position')
