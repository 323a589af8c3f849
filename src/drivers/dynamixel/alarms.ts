/** Bits of register 70 by number, as the maker's control table names them; 1, 6 and 7 have no meaning there. */
const ALARMS: Readonly<Record<number, string>> = {
  0: 'voltage',
  2: 'overheating',
  3: 'encoder',
  4: 'electrical_shock',
  5: 'overload',
}

/** Bit 7 of the error byte of a reply: look at register 70. */
const ALERT = 0x80

/** What the alert bit says while register 70 has not been read. */
export const ALERTED: readonly string[] = ['hardware_error']
/** What a servo whose bus watchdog has tripped reports: no hardware error, and yet no goal is taken. */
export const WATCHDOG_ALARM = 'bus_watchdog'

/** Names of the hardware errors that register 70 reports; an unknown bit is `bit1`. */
export function alarmsOf(hardwareError: number): readonly string[] {
  if (hardwareError === 0) return NONE
  const names: string[] = []
  for (let bit = 0; bit < 8; bit++) if (hardwareError & (1 << bit)) names.push(ALARMS[bit] ?? `bit${bit}`)
  return names
}

const NONE: readonly string[] = []

export const isAlert = (error: number): boolean => (error & ALERT) !== 0

/** Numbers of the error byte, as the maker's protocol page names them. */
export const REFUSAL = {
  result: 1,
  instruction: 2,
  crc: 3,
  dataRange: 4,
  dataLength: 5,
  dataLimit: 6,
  access: 7,
} as const

const REFUSALS: Readonly<Record<number, string>> = {
  [REFUSAL.result]: 'result fail',
  [REFUSAL.instruction]: 'instruction error',
  [REFUSAL.crc]: 'CRC error',
  [REFUSAL.dataRange]: 'data range error',
  [REFUSAL.dataLength]: 'data length error',
  [REFUSAL.dataLimit]: 'data limit error',
  [REFUSAL.access]: 'access error',
}

/** The number without the alert bit: 0 = done. */
export const refusalOf = (error: number): number => error & ~ALERT

/** `access error`, or `error 9`. */
export const refusalName = (refusal: number): string => REFUSALS[refusal] ?? `error ${refusal}`
