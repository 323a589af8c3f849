import type { LinePort, LineSetup, MountedServo, SimulatedFamily, SimulatedLine } from '../family.ts'
import { SimulatedPort } from '../line.ts'
import { HobbyServo } from './hobby-servo.ts'
import { Pca9685Line } from './line.ts'

/** Where a definition says nothing: a servo tester's middle servo. Volts, hertz. */
const USUAL_SUPPLY = 5
const NOMINAL_OSCILLATOR = 25_000_000

/** The options of a `hobbyServo` in a definition. */
interface HobbyOptions {
  readonly shortest: number
  readonly longest: number
  readonly travel: number
  readonly speed: number
}

function servo(mounted: MountedServo): HobbyServo {
  const { spec, angle, travel: ends, gravity, supply = USUAL_SUPPLY, registers } = mounted
  const { shortest, longest, travel, speed } = spec.servo.options as unknown as HobbyOptions
  const { oscillator = NOMINAL_OSCILLATOR } = registers
  return new HobbyServo({
    channel: spec.servo.id,
    shortest,
    longest,
    travel,
    speed,
    angle,
    ends,
    gravity,
    supply,
    oscillator,
  })
}

/** The port of such a line brings the chip's OE wire along. */
function portOf(line: SimulatedLine, { timeline, baudRate }: LineSetup): LinePort {
  const port = new SimulatedPort(line, timeline, baudRate)
  return line instanceof Pca9685Line ? Object.assign(port, { wires: { outputEnable: line.outputEnable } }) : port
}

/** Hobby servos behind a PCA9685, to its registers. */
export const pca9685Family: SimulatedFamily = {
  family: 'pca9685',
  models: ['hobby servo'],
  baudRate: 400_000,
  servos: (mounted) => [servo(mounted)],
  line: (setup) => new Pca9685Line(setup, addressOf(setup)),
  port: portOf,
}

/** The bus says which address its chip has. */
function addressOf({ spec }: LineSetup): number {
  const { address } = spec as { readonly address?: unknown }
  return typeof address === 'number' ? address : 0x40
}
