import type { ServoBusSpec } from 'tendon/device'
import type { LoadedRobot } from '../load-robot.ts'
import { UsageError } from '../usage-error.ts'
import { type ChainServo, chainOf } from './missing.ts'

/** A bus of a robot that servos can be set up on. */
export interface RobotLine {
  readonly bus: string
  readonly spec: ServoBusSpec
  /** The port: that of the definition, or the one that was given instead. */
  readonly path: string
  readonly baudRate: number
  readonly chain: readonly ChainServo[]
}

const USUAL_BAUD = 1_000_000

/**
 * The buses of a robot that are behind a serial port and have servos. `port` stands in for that of the definition, where
 * there is one bus. Throws a `UsageError` where there is none, or which is meant is not clear.
 */
export function linesOf({ definition }: LoadedRobot, port?: string): RobotLine[] {
  const { hardware, name } = definition
  const lines = Object.entries(hardware.buses).flatMap(([bus, spec]) => {
    const chain = chainOf(hardware, bus)
    if (spec.port.kind !== 'serial' || chain.length === 0) return []
    return [{ bus, spec, path: spec.port.address, baudRate: spec.port.baudRate ?? USUAL_BAUD, chain }]
  })
  const [only, ...others] = lines
  if (!only) throw new UsageError(`${name} has no servos behind a serial port.`, 'tendon scan --port /dev/ttyACM0')
  if (port === undefined) return lines
  if (others.length > 0)
    throw new UsageError(
      `${name} has several buses (${lines.map(({ bus }) => bus).join(', ')}); --port could be any.`,
      `tendon scan --port ${port}`,
    )
  return [{ ...only, path: port }]
}
