import { TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type {
  ServoBus,
  ServoBusSpec,
  ServoInspection,
  ServoMount,
  ServoSample,
  ServoSetpoint,
  StopPlan,
} from '../device/servo-bus.ts'
import type { ByteTransport, DeviceEnv } from '../device/transport.ts'
import { HalfDuplexBus, type HalfDuplexOptions } from './half-duplex-bus.ts'
import type { LineProtocol } from './line-request.ts'

/** What one reply says of the servo that sent it. */
export interface ServoState extends Omit<ServoSample, 'id' | 'at'> {
  readonly powered: boolean
}

/**
 * A family of servos that answer one at a time, each with all of its state. Angles are as in `ServoBus`. This is what is
 * different from family to family; `servoDriver` does the rest.
 */
export interface ServoProtocol<Frame> {
  readonly family: string
  /** How replies are found on the line; its key must be the servo's id: `framedLine(framing, idOf)`. */
  readonly line: LineProtocol<Frame>
  /** Bytes of the longest reply, for its deadline. */
  readonly replyBytes: number
  /** Asks one servo for its state. */
  report(id: number): Uint8Array
  /** Gives one servo power where it stands, or takes it. It answers with its state. */
  power(id: number, on: boolean): Uint8Array
  /** One frame that tells each of these servos where to go, and nobody answers. */
  goals(setpoints: readonly ServoSetpoint[]): Uint8Array
  /** One frame that cuts and freezes all of them, and nobody answers. */
  stop(plan: StopPlan): Uint8Array
  stateOf(frame: Frame): ServoState
  /** What arming must know beyond the state. */
  inspection(frame: Frame, mount: ServoMount): Omit<ServoInspection, 'id' | 'powered' | 'position' | 'alarms'>
}

export interface ServoDriverOptions extends HalfDuplexOptions {
  readonly port: ByteTransport
  /** How often a servo is asked until it answers. Default 3. */
  readonly tries?: number | undefined
}

/** A driver from a protocol: a value for the buses of a definition. It keeps every promise of `ServoBus`. */
export function servoDriver<Frame>(protocol: ServoProtocol<Frame>, options: ServoDriverOptions): ServoBusSpec {
  return {
    family: protocol.family,
    port: options.port,
    withPort: (port) => servoDriver(protocol, { ...options, port }),
    create: (env, mounts) => servoBus(protocol, options, env, mounts),
  }
}

type Order = 'report' | 'power on' | 'power off'

function servoBus<Frame>(
  protocol: ServoProtocol<Frame>,
  options: ServoDriverOptions,
  env: DeviceEnv,
  mounts: readonly ServoMount[],
): ServoBus {
  const { tries = 3 } = options
  const { line: frames } = protocol
  // Its keys are ids, which is what lets replies be counted by servo.
  const byServo: LineProtocol<Frame> = {
    decoder: (sink) => frames.decoder(sink),
    keyOf: (frame) => frames.keyOf(frame),
    senderOf: (key) => key,
  }
  const line = new HalfDuplexBus(options.port, env, byServo, options)
  const byId = new Map(mounts.map((mount) => [mount.servo.id, mount]))
  /** Setpoints that wait for their turn on the line, by servo. */
  const waiting = new Map<number, ServoSetpoint>()

  const mountOf = (id: number): ServoMount => {
    const mount = byId.get(id)
    if (mount) return mount
    throw new TendonError(problem('TENDON_SERVO_UNKNOWN', { servo: id, port: line.address, known: [...byId.keys()] }))
  }

  /** The servo's answer; `undefined` when it stayed silent. Power-on alone is void when a stop comes first. */
  const ask = async (id: number, order: Order, times = tries) => {
    mountOf(id)
    return askAnybody(id, order, times)
  }

  const askAnybody = async (id: number, order: Order, times = tries) => {
    const [reply] = await line.perform({
      label: order,
      bytes: order === 'report' ? protocol.report(id) : protocol.power(id, order === 'power on'),
      replies: [{ key: id, asks: 0 }],
      replyBytes: protocol.replyBytes,
      tries: times,
      droppedByStop: order === 'power on',
      changes: order !== 'report',
      urgent: order === 'power off',
    })
    return reply
  }

  const readMotion = async (ids: readonly number[] = [...byId.keys()]) => {
    const samples = new Map<number, ServoSample>()
    for (const id of ids) {
      const reply = await ask(id, 'report')
      if (!reply) continue
      samples.set(id, { ...protocol.stateOf(reply.frame), id, at: reply.at })
    }
    return samples
  }

  const confirms = async (id: number, on: boolean): Promise<boolean> => {
    await ask(id, on ? 'power on' : 'power off')
    // What counts is what the servo says when it is asked once more.
    const reply = await ask(id, 'report')
    return reply !== undefined && protocol.stateOf(reply.frame).powered === on
  }

  return {
    get isOpen() {
      return line.isOpen
    },
    open: () => line.open(),
    close() {
      waiting.clear()
      return line.close()
    },
    health: () => line.health(),
    onLost: (listener) => line.onLost(listener),
    readMotion,
    readStatus: readMotion,

    async writeSetpoints(setpoints) {
      if (setpoints.length === 0) return
      for (const setpoint of setpoints) check(setpoint, mountOf(setpoint.id))
      if (!line.isOpen) waiting.clear()
      for (const setpoint of setpoints) waiting.set(setpoint.id, setpoint)
      await line.writeLatest(() => {
        const newest = [...waiting.values()]
        waiting.clear()
        return protocol.goals(newest)
      })
    },

    get descriptor() {
      return line.descriptor
    },

    stopFrame: (plan) => protocol.stop(plan),

    stop(plan) {
      line.stop(protocol.stop(plan))
      waiting.clear()
    },

    async setTorque(ids, on) {
      const { stops } = line
      const confirmed = new Set<number>()
      // One try for each before any is asked again: a silent servo must not keep others powered meanwhile.
      if (!on) for (const id of ids) await ask(id, 'power off', 1).catch(() => undefined)
      for (const id of ids) {
        // Nothing that powers a servo is sent after a stop.
        if (on && line.stops !== stops) break
        if (await confirms(id, on).catch(() => false)) confirmed.add(id)
      }
      return confirmed
    },

    async readTorque(id) {
      // A bus on which nothing is mounted is that of somebody who takes the power of a whole line.
      if (mounts.length > 0) mountOf(id)
      const reply = await askAnybody(id, 'report')
      return reply && protocol.stateOf(reply.frame).powered
    },

    async inspect(id) {
      const mount = mountOf(id)
      const reply = await ask(id, 'report')
      const facts = { joint: mount.joint, servo: id, port: line.address, request: 'inspect', tries }
      if (!reply) throw new TendonError(problem('TENDON_SERVO_SILENT', facts))
      const { powered, position, alarms } = protocol.stateOf(reply.frame)
      return { ...protocol.inspection(reply.frame, mount), id, powered, position, alarms }
    },

    async configure(id) {
      mountOf(id)
    },
  }
}

function check({ id, position, velocity = 0, acceleration = 0 }: ServoSetpoint, { joint }: ServoMount): void {
  const pace = (value: number): boolean => value >= 0 && value < Infinity
  const rows = [
    ['position', position, Number.isFinite(position)],
    ['velocity', velocity, pace(velocity)],
    ['acceleration', acceleration, pace(acceleration)],
  ] as const
  for (const [field, value, right] of rows)
    if (!right) throw new TendonError(problem('TENDON_SETPOINT_INVALID', { joint, servo: id, field, value }))
}
