import { badArgument } from '../../base/argument.ts'

/** One entry of a servo's memory. Words are little-endian, signed ones in two's complement. */
export interface Register {
  readonly name: string
  readonly address: number
  readonly size: 1 | 2 | 4
  readonly signed?: boolean
  /** `eeprom` survives power-off and is written only with torque off; `ram` does not; `read` cannot be written. */
  readonly access: 'eeprom' | 'ram' | 'read'
  readonly unit?: string
  /** What the maker's table lists as the initial value. */
  readonly initial?: number
}

type Row = Omit<Register, 'name'>
type Table<T> = { readonly [K in keyof T]: Register & { readonly name: K } }

function named<const T extends Record<string, Row>>(rows: T): Table<T> {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { name, ...row }])) as Table<T>
}

/**
 * The memory of servos of the X series. Source: the maker's published control tables. Models that measure no current
 * lack `current_limit` and `goal_current`, and have `present_load` where the others have `present_current`.
 */
export const X_SERIES = named({
  model: { address: 0, size: 2, access: 'read' },
  model_information: { address: 2, size: 4, access: 'read' },
  firmware: { address: 6, size: 1, access: 'read' },
  id: { address: 7, size: 1, access: 'eeprom', initial: 1 },
  baud_rate: { address: 8, size: 1, access: 'eeprom', initial: 1, unit: 'index' },
  return_delay: { address: 9, size: 1, access: 'eeprom', initial: 250, unit: '2 us' },
  drive_mode: { address: 10, size: 1, access: 'eeprom', initial: 0 },
  operating_mode: { address: 11, size: 1, access: 'eeprom', initial: 3 },
  secondary_id: { address: 12, size: 1, access: 'eeprom', initial: 255 },
  protocol: { address: 13, size: 1, access: 'eeprom', initial: 2 },
  homing_offset: { address: 20, size: 4, signed: true, access: 'eeprom', initial: 0, unit: 'step' },
  moving_threshold: { address: 24, size: 4, access: 'eeprom', initial: 10, unit: '0.229 rpm' },
  temperature_limit: { address: 31, size: 1, access: 'eeprom', unit: 'C' },
  max_voltage: { address: 32, size: 2, access: 'eeprom', unit: '0.1 V' },
  min_voltage: { address: 34, size: 2, access: 'eeprom', unit: '0.1 V' },
  pwm_limit: { address: 36, size: 2, access: 'eeprom', initial: 885, unit: '0.113 %' },
  current_limit: { address: 38, size: 2, access: 'eeprom', unit: 'current' },
  velocity_limit: { address: 44, size: 4, access: 'eeprom', unit: '0.229 rpm' },
  max_position: { address: 48, size: 4, access: 'eeprom', initial: 4095, unit: 'step' },
  min_position: { address: 52, size: 4, access: 'eeprom', initial: 0, unit: 'step' },
  shutdown: { address: 63, size: 1, access: 'eeprom' },
  torque: { address: 64, size: 1, access: 'ram', initial: 0 },
  led: { address: 65, size: 1, access: 'ram', initial: 0 },
  status_return_level: { address: 68, size: 1, access: 'ram', initial: 2 },
  registered: { address: 69, size: 1, access: 'read' },
  hardware_error: { address: 70, size: 1, access: 'read' },
  velocity_gain_i: { address: 76, size: 2, access: 'ram' },
  velocity_gain_p: { address: 78, size: 2, access: 'ram' },
  position_gain_d: { address: 80, size: 2, access: 'ram' },
  position_gain_i: { address: 82, size: 2, access: 'ram' },
  position_gain_p: { address: 84, size: 2, access: 'ram' },
  feedforward_2: { address: 88, size: 2, access: 'ram' },
  feedforward_1: { address: 90, size: 2, access: 'ram' },
  bus_watchdog: { address: 98, size: 1, signed: true, access: 'ram', initial: 0, unit: '20 ms' },
  goal_pwm: { address: 100, size: 2, signed: true, access: 'ram', unit: '0.113 %' },
  goal_current: { address: 102, size: 2, signed: true, access: 'ram', unit: 'current' },
  goal_velocity: { address: 104, size: 4, signed: true, access: 'ram', unit: '0.229 rpm' },
  profile_acceleration: { address: 108, size: 4, access: 'ram', initial: 0, unit: '214.577 rev/min^2' },
  profile_velocity: { address: 112, size: 4, access: 'ram', initial: 0, unit: '0.229 rpm' },
  goal_position: { address: 116, size: 4, signed: true, access: 'ram', unit: 'step' },
  realtime_tick: { address: 120, size: 2, access: 'read', unit: 'ms' },
  moving: { address: 122, size: 1, access: 'read' },
  moving_status: { address: 123, size: 1, access: 'read' },
  present_pwm: { address: 124, size: 2, signed: true, access: 'read', unit: '0.113 %' },
  present_current: { address: 126, size: 2, signed: true, access: 'read', unit: 'current' },
  present_load: { address: 126, size: 2, signed: true, access: 'read', unit: '0.1 %' },
  present_velocity: { address: 128, size: 4, signed: true, access: 'read', unit: '0.229 rpm' },
  present_position: { address: 132, size: 4, signed: true, access: 'read', unit: 'step' },
  velocity_trajectory: { address: 136, size: 4, signed: true, access: 'read', unit: '0.229 rpm' },
  position_trajectory: { address: 140, size: 4, signed: true, access: 'read', unit: 'step' },
  present_voltage: { address: 144, size: 2, access: 'read', unit: '0.1 V' },
  present_temperature: { address: 146, size: 1, access: 'read', unit: 'C' },
})

/** Register 68: every write is acknowledged. */
export const ANSWERS_EVERYTHING = 2
/** Register 98 of a servo whose bus watchdog has tripped. */
export const TRIPPED = -1
/** Register 12 of a servo that follows no other. */
export const NO_SECONDARY_ID = 255
/**
 * Register 10, bit 0: the servo counts its position the other way round. All other bits must be 0: bit 1 makes an XM540
 * obey a cable, bit 2 makes times of profile velocities, and bit 3 makes a goal switch the torque on.
 */
export const REVERSE = 1
/** Bits per second by the index in register 8. */
export const BAUD_RATES = [9_600, 57_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000] as const

/** The address after the register. */
export const endOf = (register: Register): number => register.address + register.size

/** The value of a register in a block of memory that begins at `base`. */
export function valueIn(block: Uint8Array, base: number, { address, size, signed }: Register): number {
  let raw = 0
  for (let index = size - 1; index >= 0; index--) raw = raw * 256 + (block[address - base + index] ?? 0)
  const range = 2 ** (8 * size)
  return signed && raw >= range / 2 ? raw - range : raw
}

/** Puts a value into such a block. Throws `TENDON_ARGUMENT_INVALID` when it does not fit the register. */
export function putValue(block: Uint8Array, base: number, register: Register, value: number): void {
  const { name, address, size, signed } = register
  const range = 2 ** (8 * size)
  const [least, most] = signed ? [-range / 2, range / 2 - 1] : [0, range - 1]
  if (!Number.isInteger(value) || value < least || value > most)
    throw badArgument('A register', name, value, `an integer from ${least} to ${most}`)
  let raw = value < 0 ? value + range : value
  for (let index = 0; index < size; index++) {
    block[address - base + index] = raw % 256
    raw = Math.floor(raw / 256)
  }
}

/** The bytes of one value. */
export function bytesOf(register: Register, value: number): Uint8Array {
  const bytes = new Uint8Array(register.size)
  putValue(bytes, register.address, register, value)
  return bytes
}
