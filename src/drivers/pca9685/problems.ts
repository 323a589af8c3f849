import { type Catalogue, entry, problemsOf } from '../../base/problem.ts'

/** The PCA9685 and the hobby servos behind it. */
export const pca9685Problems = {
  TENDON_PCA9685_SILENT: entry<{ port: string; address: number; reason: string }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `No PCA9685 answers at address ${hexOf(f.address)} of ${f.port}: ${f.reason}.`,
    why: () => 'It has no supply, another address, or a loose wire; servos that had pulses before may still have them.',
    fix: (f) =>
      `Run i2cdetect -y ${/\d+$/.exec(f.port)?.[0] ?? '1'} and look for ${f.address.toString(16)} in its table.`,
    sample: { port: '/dev/i2c-1', address: 0x40, reason: 'nobody acknowledged the address' },
    more:
      'The chip goes on by itself when its host falls silent: servos that were held are held until their own supply is ' +
      'cut. The supply of the servos (V+) and that of the chip (VCC) are two wires, and each can fail alone.',
  }),
  TENDON_PWM_CHANNEL_OFF: entry<{ joint: string; channel: number; port: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A setpoint for ${f.joint} (channel ${f.channel} on ${f.port}) was refused: it gets no pulses.`,
    why: () => 'A hobby servo has power as long as it gets pulses, so that a setpoint would switch it on.',
    fix: () => 'Arm the robot first, or engage the joint.',
    sample: { joint: 'pan', channel: 0, port: '/dev/i2c-1' },
  }),
} satisfies Catalogue

const hexOf = (address: number): string => `0x${address.toString(16).padStart(2, '0')}`

/** Makes a problem of this driver; the facts are typed by the code. */
export const pca9685Problem = problemsOf(pca9685Problems)
