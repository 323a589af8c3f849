import { type ControlTable, MODE, type Register, type RegisterName, X_SERIES } from './registers.ts'

/** What one model is, beyond what all have in common. */
export interface Model {
  readonly number: number
  readonly table: ControlTable
  readonly modes: readonly number[]
  /** Amperes in one unit of the current registers; absent: it senses no current. */
  readonly currentUnit?: number
  /** Amperes of a stalled motor. */
  readonly stall: number
  /** Fastest without load, in rev/min. */
  readonly fastest: number
  /** Volts that it is made for. */
  readonly supply: number
}

/** How a model differs from the common table: other initial values, and other ends of their ranges. */
interface Difference extends Pick<Model, 'number' | 'currentUnit' | 'stall' | 'fastest' | 'supply'> {
  readonly initial: Partial<Record<RegisterName, number>>
  readonly range?: Partial<Record<RegisterName, readonly [number, number]>>
  readonly absent?: readonly RegisterName[]
}

const ALL_MODES = Object.values(MODE)
/** Without a current sensor there is no mode that needs one. */
const NO_CURRENT_MODES = ALL_MODES.filter((mode) => mode !== MODE.current && mode !== MODE.currentPosition)
const NO_CURRENT: readonly RegisterName[] = ['currentLimit', 'goalCurrent', 'presentCurrent']
const MILLIAMPERE = 0.001
const XM_CURRENT = 0.00269

const small = { maxTemperature: 70, maxVoltage: 70, minVoltage: 35, currentLimit: 1750, shutdown: 53 }
const smallRange = {
  baudIndex: [0, 6],
  maxVoltage: [31, 70],
  minVoltage: [31, 70],
  currentLimit: [0, 1750],
  velocityLimit: [0, 2047],
} as const
const compact = { maxTemperature: 70, maxVoltage: 140, minVoltage: 55, currentLimit: 910 }
const compactRange = {
  baudIndex: [0, 6],
  maxVoltage: [55, 140],
  minVoltage: [55, 140],
  currentLimit: [0, 910],
  velocityLimit: [0, 2047],
} as const

/**
 * The models that can be simulated, after the maker's published control tables and data sheets (speed and current at the
 * voltage that it is made for). What tables of different firmware disagree on is that of the newer one.
 */
const DIFFERENCES = {
  'XL330-M077': {
    number: 1190,
    currentUnit: MILLIAMPERE,
    stall: 1.47,
    fastest: 383,
    supply: 5,
    initial: { ...small, velocityLimit: 1620 },
    range: smallRange,
    absent: ['accelerationLimit'],
  },
  'XL330-M288': {
    number: 1200,
    currentUnit: MILLIAMPERE,
    stall: 1.47,
    fastest: 103,
    supply: 5,
    initial: { ...small, velocityLimit: 445 },
    range: smallRange,
    absent: ['accelerationLimit'],
  },
  'XL430-W250': {
    number: 1060,
    stall: 1.4,
    fastest: 61,
    supply: 12,
    initial: { maxTemperature: 72, maxVoltage: 140, minVoltage: 60, velocityLimit: 265 },
    range: { maxVoltage: [60, 140], minVoltage: [60, 140] },
    absent: [...NO_CURRENT, 'accelerationLimit'],
  },
  'XC430-W150': {
    number: 1070,
    stall: 1.4,
    fastest: 106,
    supply: 12,
    initial: { maxTemperature: 80, maxVoltage: 160, minVoltage: 60, velocityLimit: 460, movingThreshold: 20 },
    range: { minVoltage: [60, 160], maxVoltage: [60, 160] },
    absent: [...NO_CURRENT, 'accelerationLimit'],
  },
  'XC330-T181': {
    number: 1210,
    currentUnit: MILLIAMPERE,
    stall: 0.8,
    fastest: 104,
    supply: 12,
    initial: { ...compact, velocityLimit: 500 },
    range: compactRange,
    absent: ['accelerationLimit'],
  },
  'XC330-T288': {
    number: 1220,
    currentUnit: MILLIAMPERE,
    stall: 0.8,
    fastest: 65,
    supply: 12,
    initial: { ...compact, velocityLimit: 320 },
    range: compactRange,
    absent: ['accelerationLimit'],
  },
  'XM430-W350': {
    number: 1020,
    currentUnit: XM_CURRENT,
    stall: 2.3,
    fastest: 46,
    supply: 12,
    initial: {},
  },
  'XM540-W270': {
    number: 1120,
    currentUnit: XM_CURRENT,
    stall: 4.4,
    fastest: 30,
    supply: 12,
    initial: { currentLimit: 2047, velocityLimit: 128 },
    range: { currentLimit: [0, 2047] },
  },
} as const satisfies Record<string, Difference>

/** The name of a model that can be simulated. */
export type ModelName = keyof typeof DIFFERENCES

function modelOf(difference: Difference): Model {
  const { number, currentUnit, stall, fastest, supply, initial, range = {}, absent = [] } = difference
  const sensesCurrent = currentUnit !== undefined
  const gone = new Set<string>([...absent, sensesCurrent ? 'presentLoad' : 'presentCurrent'])
  const rows = Object.entries<Register>(X_SERIES)
    .filter(([name]) => !gone.has(name))
    .map(([name, register]): [string, Register] => {
      const own = range[name as RegisterName]
      const value = name === 'modelNumber' ? number : (initial[name as RegisterName] ?? register.initial)
      return [name, { ...register, initial: value, ...(own && { range: own }) }]
    })
  return {
    number,
    table: Object.fromEntries(rows),
    modes: sensesCurrent ? ALL_MODES : NO_CURRENT_MODES,
    ...(sensesCurrent && { currentUnit }),
    stall,
    fastest,
    supply,
  }
}

/** What can be simulated, by the model's name. */
export const MODELS: ReadonlyMap<string, Model> = new Map(
  Object.entries<Difference>(DIFFERENCES).map(([name, difference]) => [name, modelOf(difference)]),
)
