/** Bits of the error byte and of register 65, lowest first. The bits advise: the data that came with them is valid. */
const ALARMS = ['voltage', 'encoder', 'temperature', 'current', 'angle', 'overload'] as const

/** Names of the alarms that a status byte reports; an unknown bit is `bit6` or `bit7`. */
export function alarmsOf(status: number): readonly string[] {
  if (status === 0) return NONE
  const names: string[] = []
  for (let bit = 0; bit < 8; bit++) if (status & (1 << bit)) names.push(ALARMS[bit] ?? `bit${bit}`)
  return names
}

const NONE: readonly string[] = []
