import { type HardwareMap, type Problem, problem } from 'tendon/device'

/** One servo of a definition, in its place in the chain. */
export interface ChainServo {
  readonly joint: string
  readonly id: number
}

/** The servos of a bus as the definition names them, in its order, which is taken for the order of the cable. */
export function chainOf({ joints }: HardwareMap, bus: string): ChainServo[] {
  return Object.entries(joints).flatMap(([joint, { servo }]) =>
    servo?.bus === bus ? [servo.id, ...(servo.shadows ?? [])].map((id) => ({ joint, id })) : [],
  )
}

/**
 * What it tells which servos of a chain do not answer: `TENDON_SERVO_MISSING`, or nothing where all do. `strangers`: that
 * others answer, which the definition does not know.
 */
export function missingProblem(
  port: string,
  chain: readonly ChainServo[],
  answers: (id: number) => boolean,
  strangers = false,
): Problem | undefined {
  const absent = chain.filter(({ id }) => !answers(id))
  const [first] = absent
  if (!first) return undefined
  const at = chain.indexOf(first)
  const rest = chain.slice(at)
  const pattern = strangers
    ? 'strangers'
    : absent.length === chain.length
      ? 'all'
      : absent.length === rest.length
        ? absent.length === 1
          ? 'last'
          : 'tail'
        : absent.length === 1
          ? 'one'
          : 'scattered'
  const missing = absent.map(({ id }) => id)
  const joints = [...new Set(absent.map(({ joint }) => joint))]
  return problem('TENDON_SERVO_MISSING', { port, missing, joints, pattern, after: chain[at - 1]?.id ?? 0 })
}

/**
 * What stands against arming, with a sentence on what it tells which servos are silent. `problems` are those that arming
 * gave.
 */
export function withMissing(hardware: HardwareMap, problems: readonly Problem[]): readonly Problem[] {
  const silent = problems.filter(({ code }) => code === 'TENDON_ARM_SERVO_SILENT')
  const told = Object.entries(hardware.buses).flatMap(([bus, { port }]) => {
    const ids = new Set(silent.filter(({ facts }) => facts.bus === bus).map(({ facts }) => facts.servo))
    return missingProblem(port.address, chainOf(hardware, bus), (id) => !ids.has(id)) ?? []
  })
  return [...problems, ...told]
}
