/** One entry of a control table. */
export interface Register {
  readonly address: number
  /** In bytes, little-endian. */
  readonly size: 1 | 2 | 4
  /** EEPROM survives a power cycle, and is locked while torque is on. */
  readonly area: 'eeprom' | 'ram'
  /** Whether the bus may write it. */
  readonly writable: boolean
  /** Value of a factory-new servo; for RAM, value at power-on. */
  readonly initial: number
  /** Two's complement. */
  readonly signed?: boolean
  /** What a write may set it to; absent: whatever fits. */
  readonly range?: readonly [min: number, max: number]
}

type Size = Register['size']
type Range = readonly [number, number]

const eeprom = (address: number, size: Size, initial: number, range: Range): Register => ({
  address,
  size,
  area: 'eeprom',
  writable: true,
  initial,
  range,
  ...(range[0] < 0 && { signed: true }),
})
const fixed = (address: number, size: Size, initial = 0): Register => ({
  address,
  size,
  area: 'eeprom',
  writable: false,
  initial,
})
const ram = (address: number, size: Size, initial: number, range: Range): Register => ({
  ...eeprom(address, size, initial, range),
  area: 'ram',
})
const goal = (address: number, size: Size): Register => ({
  address,
  size,
  area: 'ram',
  writable: true,
  initial: 0,
  signed: true,
})
const sensed = (address: number, size: Size, signed = false): Register => ({
  address,
  size,
  area: 'ram',
  writable: false,
  initial: 0,
  signed,
})
const gain = (address: number, initial: number): Register => ram(address, 2, initial, [0, 16_383])

/**
 * The maker's published control table of the X series, without the indirect addresses. Which of these a model lacks, and
 * where its values differ, is in `models.ts`. Initial values are those of an XM430-W350; the firmware version is ours.
 */
export const X_SERIES = {
  modelNumber: fixed(0, 2),
  modelInformation: fixed(2, 4),
  firmwareVersion: fixed(6, 1, 48),
  id: eeprom(7, 1, 1, [0, 252]),
  /** Index into `BAUD_RATES`. */
  baudIndex: eeprom(8, 1, 1, [0, 7]),
  /** In 2 us. */
  returnDelay: eeprom(9, 1, 250, [0, 254]),
  /** Bit 0: the other way round; bit 2: profiles by time; bit 3: a new goal switches torque on. */
  driveMode: eeprom(10, 1, 0, [0, 15]),
  /** 0 current, 1 velocity, 3 position, 4 extended position, 5 current-based position, 16 PWM. */
  operatingMode: eeprom(11, 1, 3, [0, 16]),
  /** It obeys this id too, and does not answer to it; 253 and above: none. */
  secondaryId: eeprom(12, 1, 255, [0, 255]),
  protocolType: eeprom(13, 1, 2, [2, 2]),
  /** Present = actual + offset. */
  homingOffset: eeprom(20, 4, 0, [-1_044_479, 1_044_479]),
  /** 0.229 rev/min. */
  movingThreshold: eeprom(24, 4, 10, [0, 1023]),
  /** Degrees Celsius. */
  maxTemperature: eeprom(31, 1, 80, [0, 100]),
  /** 0.1 V. */
  maxVoltage: eeprom(32, 2, 160, [95, 160]),
  minVoltage: eeprom(34, 2, 95, [95, 160]),
  /** 885 is all. */
  pwmLimit: eeprom(36, 2, 885, [0, 885]),
  currentLimit: eeprom(38, 2, 1193, [0, 1193]),
  accelerationLimit: eeprom(40, 4, 32_767, [0, 32_767]),
  /** 0.229 rev/min. */
  velocityLimit: eeprom(44, 4, 200, [0, 1023]),
  maxPosition: eeprom(48, 4, 4095, [0, 4095]),
  minPosition: eeprom(52, 4, 0, [0, 4095]),
  /** Which hardware errors switch torque off. */
  shutdown: eeprom(63, 1, 52, [0, 63]),
  torqueEnable: ram(64, 1, 0, [0, 1]),
  led: ram(65, 1, 0, [0, 1]),
  /** 0: only pings are answered; 1: readings too; 2: everything. */
  statusReturnLevel: ram(68, 1, 2, [0, 2]),
  /** 1 while a REG_WRITE waits for ACTION. */
  registered: sensed(69, 1),
  hardwareError: sensed(70, 1),
  velocityIGain: gain(76, 1920),
  velocityPGain: gain(78, 100),
  positionDGain: gain(80, 0),
  positionIGain: gain(82, 0),
  positionPGain: gain(84, 800),
  feedforward2Gain: gain(88, 0),
  feedforward1Gain: gain(90, 0),
  /** 20 ms; 0 off. Reads 255 (-1) once it has tripped. */
  busWatchdog: ram(98, 1, 0, [0, 127]),
  goalPwm: goal(100, 2),
  goalCurrent: goal(102, 2),
  goalVelocity: goal(104, 4),
  /** 214.577 rev/min^2; 0 = largest. In profiles by time: ms. */
  profileAcceleration: ram(108, 4, 0, [0, 32_767]),
  /** 0.229 rev/min; 0 = largest. In profiles by time: ms. */
  profileVelocity: ram(112, 4, 0, [0, 32_767]),
  goalPosition: goal(116, 4),
  /** ms, from 0 to 32767 and again. */
  realtimeTick: sensed(120, 2),
  moving: sensed(122, 1),
  /** Bit 0: at its goal; bit 1: on its way; bits 4 and 5: the shape of its profile. */
  movingStatus: sensed(123, 1),
  presentPwm: sensed(124, 2, true),
  /** On models that sense current; the others have the load in its place. */
  presentCurrent: sensed(126, 2, true),
  /** 0.1 %. */
  presentLoad: sensed(126, 2, true),
  presentVelocity: sensed(128, 4, true),
  presentPosition: sensed(132, 4, true),
  velocityTrajectory: sensed(136, 4, true),
  positionTrajectory: sensed(140, 4, true),
  /** 0.1 V. */
  presentVoltage: sensed(144, 2),
  /** Degrees Celsius. */
  presentTemperature: sensed(146, 1),
} as const satisfies Record<string, Register>

/** The name of a register of the X series. */
export type RegisterName = keyof typeof X_SERIES

/** Registers that a model has, by name. */
export type ControlTable = Readonly<Partial<Record<RegisterName, Register>>>

/** Goals, which cannot be written once the bus watchdog has tripped. */
export const GOALS: ReadonlySet<RegisterName> = new Set<RegisterName>([
  'goalPwm',
  'goalCurrent',
  'goalVelocity',
  'goalPosition',
])

/** Raw positions of one turn of the shaft. */
export const STEPS_PER_TURN = 4096
/** Bits per second by the index in register 8. */
export const BAUD_RATES = [9600, 57_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 4_500_000] as const
/** Operating modes. */
export const MODE = { current: 0, velocity: 1, position: 3, extended: 4, currentPosition: 5, pwm: 16 } as const
/** Bits of the drive mode. */
export const DRIVE = { reverse: 1, timed: 4, torqueByGoal: 8 } as const
/** Bits of the hardware error status, and of what shuts the motor down. */
export const ALARM = { voltage: 1, temperature: 4, encoder: 8, shock: 16, overload: 32 } as const
/** Where a PWM of all stands. */
export const FULL_PWM = 885

/** Error numbers of a status frame. */
export const ERROR = {
  none: 0,
  failed: 1,
  instruction: 2,
  range: 4,
  length: 5,
  limit: 6,
  access: 7,
} as const
export type ErrorNumber = (typeof ERROR)[keyof typeof ERROR]
/** Bit 7 of the error: register 70 has something to say. */
export const ALERT = 0x80
