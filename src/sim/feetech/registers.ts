/** One register of the STS3215. */
export interface Register {
  readonly address: number
  /** In bytes; words are little-endian. */
  readonly size: 1 | 2
  /** Where it lives: EEPROM survives a power cycle, when the lock allowed it to be saved. */
  readonly area: 'eeprom' | 'ram'
  /** Whether the bus may write it; a write to a read-only one is answered and changes nothing. */
  readonly writable: boolean
  /** Value of a factory-new servo; for RAM, value at power-on. */
  readonly initial: number
  /** Number of the sign bit of a sign-magnitude value; absent = unsigned. */
  readonly sign?: number
}

const eeprom = (address: number, size: 1 | 2, initial: number, sign?: number): Register =>
  row({ address, size, area: 'eeprom', writable: true, initial }, sign)
const fixed = (address: number, size: 1 | 2, initial: number): Register => ({
  address,
  size,
  area: 'eeprom',
  writable: false,
  initial,
})
const ram = (address: number, size: 1 | 2, initial: number, sign?: number): Register =>
  row({ address, size, area: 'ram', writable: true, initial }, sign)
const sensed = (address: number, size: 1 | 2, sign?: number): Register =>
  row({ address, size, area: 'ram', writable: false, initial: 0 }, sign)
const row = (register: Register, sign: number | undefined): Register =>
  sign === undefined ? register : { ...register, sign }

/**
 * The STS3215 table of the vendor's memory map. Values that it leaves open are ours: velocity gains,
 * angle resolution 1, lock 1 at power-on (the stricter reading), return delay 0 (vendor map V3.7; LeRobot finds 250),
 * maximum acceleration 250, firmware 3.10 (the one whose acceleration clamps at 50, as others have measured).
 */
export const STS3215 = {
  firmwareMajor: fixed(0, 1, 3),
  firmwareMinor: fixed(1, 1, 10),
  modelNumber: fixed(3, 2, 777),
  id: eeprom(5, 1, 1),
  /** Index into `BAUD_RATES`. */
  baudIndex: eeprom(6, 1, 0),
  /** In 2 us. */
  returnDelay: eeprom(7, 1, 0),
  /** 0: only reads and pings are answered; 1: everything addressed to one servo. */
  responseLevel: eeprom(8, 1, 1),
  minPosition: eeprom(9, 2, 0),
  maxPosition: eeprom(11, 2, 4095),
  /** Degrees Celsius. */
  maxTemperature: eeprom(13, 1, 70),
  /** 0.1 V. */
  maxVoltage: eeprom(14, 1, 80),
  minVoltage: eeprom(15, 1, 40),
  /** 0.1 %. */
  maxTorque: eeprom(16, 2, 1000),
  phase: eeprom(18, 1, 12),
  /** Which alarm bits unload the motor. */
  unloadConditions: eeprom(19, 1, 44),
  ledAlarms: eeprom(20, 1, 47),
  pGain: eeprom(21, 1, 32),
  dGain: eeprom(22, 1, 32),
  iGain: eeprom(23, 1, 0),
  minStartForce: eeprom(24, 2, 16),
  deadZoneForward: eeprom(26, 1, 1),
  deadZoneReverse: eeprom(27, 1, 1),
  /** 6.5 mA. */
  protectionCurrent: eeprom(28, 2, 500),
  angleResolution: eeprom(30, 1, 1),
  /** Present = actual - offset. */
  positionOffset: eeprom(31, 2, 0, 11),
  /** 0 position, 1 velocity, 2 PWM, 3 step. */
  mode: eeprom(33, 1, 0),
  /** Percent. */
  protectionTorque: eeprom(34, 1, 20),
  /** 10 ms. */
  protectionTime: eeprom(35, 1, 200),
  /** Percent. */
  overloadTorque: eeprom(36, 1, 80),
  velocityPGain: eeprom(37, 1, 10),
  /** 10 ms. */
  overCurrentTime: eeprom(38, 1, 200),
  velocityIGain: eeprom(39, 1, 10),
  /** 0 off, 1 on, 128 = define the present position as 2048. */
  torqueEnable: ram(40, 1, 0),
  /** 100 step/s^2; 0 = largest. */
  acceleration: ram(41, 1, 0),
  goalPosition: ram(42, 2, 0, 15),
  /** Inert in position mode; in PWM mode the duty, sign in bit 10. */
  goalTime: ram(44, 2, 0, 10),
  /** step/s; 0 = largest. */
  goalVelocity: ram(46, 2, 0, 15),
  /** 0.1 %; loaded from `maxTorque` at power-on. */
  torqueLimit: ram(48, 2, 1000),
  /** 0: EEPROM writes are saved; 1: they last until power-off. */
  lock: ram(55, 1, 1),
  presentPosition: sensed(56, 2, 15),
  presentVelocity: sensed(58, 2, 15),
  /** 0.1 %. */
  presentLoad: sensed(60, 2, 10),
  /** 0.1 V. */
  presentVoltage: sensed(62, 1),
  /** Degrees Celsius. */
  presentTemperature: sensed(63, 1),
  /** 1 while a REG_WRITE waits for ACTION. */
  writePending: sensed(64, 1),
  status: sensed(65, 1),
  moving: sensed(66, 1),
  /** 6.5 mA. */
  presentCurrent: sensed(69, 2, 15),
  /** The goal after clamping. */
  presentGoal: sensed(71, 2, 15),
  /** Factory: 50 step/s. */
  maxVelocity: { address: 84, size: 1, area: 'eeprom', writable: false, initial: 68 },
  /** Factory: 100 step/s^2. */
  maxAcceleration: { address: 85, size: 1, area: 'eeprom', writable: false, initial: 250 },
} as const satisfies Record<string, Register>

/** The name of a register of the STS3215. */
export type RegisterName = keyof typeof STS3215

/** Raw steps of one turn of the shaft. */
export const STEPS_PER_TURN = 4096
/** Firmware 3.10 silently clamps the acceleration register here, as others have measured. */
export const ACCELERATION_CLAMP = 50
/** Bits per second by the index in register 6, after the vendor's map. */
export const BAUD_RATES = [1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400] as const

/** Alarm bits of the status byte and of register 65. */
export const ALARM = { voltage: 1, sensor: 2, temperature: 4, current: 8, angle: 16, overload: 32 } as const
