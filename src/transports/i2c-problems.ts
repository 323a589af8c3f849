import { type Catalogue, entry, problemsOf } from '../base/problem.ts'

/** The adapter of an I2C bus. */
export const i2cProblems = {
  TENDON_I2C_OPEN_FAILED: entry<{ bus: string; kind: 'missing' | 'denied' | 'unknown'; reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The I2C bus ${f.bus} could not be opened: ${f.reason}.`,
    why: (f) => {
      if (f.kind === 'missing') return 'I2C is switched off on a new Raspberry Pi, and then there is no such device.'
      if (f.kind === 'denied') return 'Only root and members of the group i2c may use it.'
      return 'Nothing can be read from or written to a bus that is not open.'
    },
    fix: (f) => {
      if (f.kind === 'missing') return 'sudo raspi-config nonint do_i2c 0'
      if (f.kind === 'denied') return 'sudo usermod -aG i2c "$USER" && exec su - "$USER"'
      return `ls -l ${f.bus}`
    },
    sample: { bus: '/dev/i2c-1', kind: 'missing', reason: 'there is no such device' },
  }),
} satisfies Catalogue

/** Makes a problem of the I2C transport; the facts are typed by the code. */
export const i2cProblem = problemsOf(i2cProblems)
