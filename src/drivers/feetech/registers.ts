import { badArgument } from '../../base/argument.ts'
import { decodeSignMagnitude, encodeSignMagnitude } from './sign-magnitude.ts'

/** One entry of a servo's memory. */
export interface Register {
  readonly name: string
  readonly address: number
  readonly size: 1 | 2
  /** Number of the sign bit of a signed value; absent = unsigned. Words are little-endian. */
  readonly signBit?: number
  /** `eeprom` survives power-off when written with the lock at 0; `ram` does not; `read` cannot be written. */
  readonly access: 'eeprom' | 'ram' | 'read'
  readonly unit?: string
  /** What the vendor's table lists as the initial value. */
  readonly initial?: number
}

type Row = Omit<Register, 'name'>
type Table<T> = { readonly [K in keyof T]: Register & { readonly name: K } }

function named<const T extends Record<string, Row>>(rows: T): Table<T> {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { name, ...row }])) as Table<T>
}

/**
 * The memory of an STS3215. Source: the vendor's memory map (V3.7), whose sign bits agree with those that LeRobot uses:
 * 15 for positions and velocities, 11 for the offset, 10 for the load.
 */
export const STS3215 = named({
  firmware_major: { address: 0, size: 1, access: 'read' },
  firmware_minor: { address: 1, size: 1, access: 'read' },
  model: { address: 3, size: 2, access: 'read', initial: 777 },
  id: { address: 5, size: 1, access: 'eeprom', initial: 1 },
  baud_rate: { address: 6, size: 1, access: 'eeprom', initial: 0, unit: 'index' },
  return_delay: { address: 7, size: 1, access: 'eeprom', unit: '2 us' },
  response_level: { address: 8, size: 1, access: 'eeprom', initial: 1 },
  min_position: { address: 9, size: 2, access: 'eeprom', initial: 0, unit: 'step' },
  max_position: { address: 11, size: 2, access: 'eeprom', initial: 4095, unit: 'step' },
  max_temperature: { address: 13, size: 1, access: 'eeprom', initial: 70, unit: 'C' },
  max_voltage: { address: 14, size: 1, access: 'eeprom', initial: 80, unit: '0.1 V' },
  min_voltage: { address: 15, size: 1, access: 'eeprom', initial: 40, unit: '0.1 V' },
  max_torque: { address: 16, size: 2, access: 'eeprom', initial: 1000, unit: '0.1 %' },
  phase: { address: 18, size: 1, access: 'eeprom', initial: 12 },
  unload_conditions: { address: 19, size: 1, access: 'eeprom', initial: 44 },
  led_alarms: { address: 20, size: 1, access: 'eeprom', initial: 47 },
  gain_p: { address: 21, size: 1, access: 'eeprom', initial: 32 },
  gain_d: { address: 22, size: 1, access: 'eeprom', initial: 32 },
  gain_i: { address: 23, size: 1, access: 'eeprom', initial: 0 },
  min_start_force: { address: 24, size: 2, access: 'eeprom', initial: 16, unit: '0.1 %' },
  dead_zone_cw: { address: 26, size: 1, access: 'eeprom', initial: 1, unit: 'step' },
  dead_zone_ccw: { address: 27, size: 1, access: 'eeprom', initial: 1, unit: 'step' },
  protection_current: { address: 28, size: 2, access: 'eeprom', initial: 500, unit: '6.5 mA' },
  angle_resolution: { address: 30, size: 1, access: 'eeprom', initial: 1 },
  offset: { address: 31, size: 2, signBit: 11, access: 'eeprom', initial: 0, unit: 'step' },
  mode: { address: 33, size: 1, access: 'eeprom', initial: 0 },
  protection_torque: { address: 34, size: 1, access: 'eeprom', initial: 20, unit: '%' },
  protection_time: { address: 35, size: 1, access: 'eeprom', initial: 200, unit: '10 ms' },
  overload_torque: { address: 36, size: 1, access: 'eeprom', initial: 80, unit: '%' },
  velocity_gain_p: { address: 37, size: 1, access: 'eeprom' },
  over_current_time: { address: 38, size: 1, access: 'eeprom', initial: 200, unit: '10 ms' },
  velocity_gain_i: { address: 39, size: 1, access: 'eeprom' },
  torque: { address: 40, size: 1, access: 'ram', initial: 0 },
  acceleration: { address: 41, size: 1, access: 'ram', initial: 0, unit: '100 step/s^2' },
  goal_position: { address: 42, size: 2, signBit: 15, access: 'ram', unit: 'step' },
  goal_time: { address: 44, size: 2, signBit: 10, access: 'ram', initial: 0 },
  goal_velocity: { address: 46, size: 2, signBit: 15, access: 'ram', unit: 'step/s' },
  torque_limit: { address: 48, size: 2, access: 'ram', initial: 1000, unit: '0.1 %' },
  lock: { address: 55, size: 1, access: 'ram' },
  present_position: { address: 56, size: 2, signBit: 15, access: 'read', unit: 'step' },
  present_velocity: { address: 58, size: 2, signBit: 15, access: 'read', unit: 'step/s' },
  present_load: { address: 60, size: 2, signBit: 10, access: 'read', unit: '0.1 %' },
  present_voltage: { address: 62, size: 1, access: 'read', unit: '0.1 V' },
  present_temperature: { address: 63, size: 1, access: 'read', unit: 'C' },
  reg_write_pending: { address: 64, size: 1, access: 'read' },
  status: { address: 65, size: 1, access: 'read' },
  moving: { address: 66, size: 1, access: 'read' },
  present_current: { address: 69, size: 2, signBit: 15, access: 'read', unit: '6.5 mA' },
  present_goal: { address: 71, size: 2, signBit: 15, access: 'read', unit: 'step' },
})

/** What register 3 of an STS3215 says. */
export const STS3215_MODEL_NUMBER = 777
/** Bits per second by the index in register 6. Source: the vendor's map; LeRobot's has other values from index 5 on. */
export const BAUD_RATES = [1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400] as const
/** Register 33: the servo follows goal positions. */
export const POSITION_MODE = 0
/** Register 33: the servo turns at its goal velocity, for as long as it has power. */
export const VELOCITY_MODE = 1
/** Register 8: every write is acknowledged. */
export const ANSWERS_EVERYTHING = 1
/** Register 55: writes to EEPROM registers are lost at power-off. */
export const LOCKED = 1
export const UNLOCKED = 0

/** The address after the register. */
export const endOf = (register: Register): number => register.address + register.size

/** The value of a register in a block of memory that begins at `base`. */
export function valueIn(block: Uint8Array, base: number, { address, size, signBit }: Register): number {
  const low = block[address - base] ?? 0
  const raw = size === 1 ? low : low | ((block[address - base + 1] ?? 0) << 8)
  return signBit === undefined ? raw : decodeSignMagnitude(raw, signBit)
}

/** Puts a value into such a block. Throws `TENDON_ARGUMENT_INVALID` when it does not fit the register. */
export function putValue(block: Uint8Array, base: number, register: Register, value: number): void {
  const { name, address, size, signBit } = register
  const raw = signBit === undefined ? value : encodeSignMagnitude(value, signBit)
  if (!Number.isInteger(raw) || raw < 0 || raw >= 2 ** (8 * size))
    throw badArgument('A register', name, value, `an integer that fits ${size} bytes`)
  block[address - base] = raw & 0xff
  if (size === 2) block[address - base + 1] = raw >> 8
}

/** The bytes of one value. */
export function bytesOf(register: Register, value: number): Uint8Array {
  const bytes = new Uint8Array(register.size)
  putValue(bytes, register.address, register, value)
  return bytes
}
