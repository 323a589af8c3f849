import type { RobotDefinition } from '../../src/define/robot-definition.ts'
import type { JointReading, StopVerdict } from '../../src/index.ts'
import { type Simulation, simulated, simulationOf } from '../../src/sim/index.ts'
import type { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { type Stage, stagedRobot } from './robot.ts'
import { JOINTS } from './rules.ts'
import type { Trouble } from './schedule.ts'
import { type HostFrame, tapped } from './wire-log.ts'

/** What the watch asks of the robot at the moment of each frame. */
export interface Watched {
  safety(): string | undefined
  /** Live runs that claim this joint. */
  holders(joint: string): readonly unknown[] | undefined
  seq(): number
  violated(what: string): void
}

/** Far enough apart that a reading of the wrong servo shows. */
const PLACES = { pan: 0.3, lift: -0.4, grip: 0.8 }
/** What a joint may have moved since it was read, and a little more than the encoder's step. */
const FASTEST = 3.5
const COARSEST = 0.02
const ONE_DEGREE = Math.PI / 180
/** A stop frame of three servos takes 0.3 ms, and is sent twice. */
const FRAME_TIME = 0.005
/** An idle robot reads its servos ten times a second, and one that has just been silent is not waited for. */
const HEARD_AGAIN = 0.3

/** The simulated servos as the proofs see them: registers, shafts, and every frame that the host sends. */
export class ServoWatch {
  readonly definition: RobotDefinition
  readonly #simulation: Simulation
  readonly #clock: VirtualClock
  readonly #robot: Watched
  /** The last goal that each servo was told by a setpoint. */
  readonly #goals = new Map<number, number | undefined>()
  /** Joints whose replies cannot be relied on: only of these may a verdict be "not confirmed". */
  readonly #unreliable = new Set<string>()
  readonly #off = new Set<string>()
  /** When the joints that were healed can be relied on again. */
  #reliableAt = Number.POSITIVE_INFINITY
  #frames = 0
  #firstFrame: { readonly frame: HostFrame; readonly seq: number; readonly safety: string | undefined } | undefined
  #angles: readonly number[] = []
  plugged = true

  constructor(stage: Stage, clock: VirtualClock, robot: Watched) {
    const robotOnSimulator = simulated(stagedRobot(stage), { initial: PLACES })
    const { hardware } = robotOnSimulator
    const bus = hardware.buses.servos
    if (!bus) throw new Error('the robot has lost its bus')
    this.#simulation = simulationOf(robotOnSimulator)
    const port = tapped(bus.port, (frame) => this.#onFrame(frame))
    this.definition = robotOnSimulator.withHardware({ ...hardware, buses: { servos: bus.withPort(port) } })
    this.#clock = clock
    this.#robot = robot
  }

  // Frames

  #onFrame(frame: HostFrame): void {
    this.#frames++
    const safety = this.#robot.safety()
    this.#firstFrame ??= { frame, seq: this.#robot.seq(), safety }
    if (frame.kind === 'setpoints') this.#onSetpoints(frame, safety)
    else if (frame.kind !== 'other') this.#goals.clear()
    if (frame.kind === 'torque' && [...frame.values.values()].includes(1) && safety !== 'arming')
      this.#robot.violated(`P15: torque on while ${safety}`)
  }

  /** P12, P15: setpoints only while armed, and new ones only for a joint that a live run claims. */
  #onSetpoints({ values }: HostFrame, safety: string | undefined): void {
    if (safety !== 'armed') this.#robot.violated(`P15: a setpoint while ${safety}`)
    for (const [id, goal] of values) {
      const joint = JOINTS[id - 1] as string
      const before = this.#goals.get(id)
      this.#goals.set(id, goal)
      if (before !== undefined && before !== goal && this.#robot.holders(joint)?.length === 0)
        this.#robot.violated(`P12: ${joint} was given a new setpoint, and no live run claims it`)
    }
  }

  /** Calls a safety act; its stop bytes must be handed over before a line is logged and before the state changes. */
  stopBytes<T>(act: () => T): T {
    const seq = this.#robot.seq()
    const safety = this.#robot.safety()
    this.#firstFrame = undefined
    const result = act()
    const first = this.#firstFrame as { frame: HostFrame; seq: number; safety: string | undefined } | undefined
    if (!this.plugged) return result
    if (first?.frame.kind !== 'stop') this.#robot.violated(`P15: the act sent no stop frame, but ${first?.frame.kind}`)
    else if (first.seq !== seq || first.safety !== safety)
      this.#robot.violated('P15: something happened before the stop bytes')
    this.#clock.after(FRAME_TIME, () => this.#mustBeCut())
    return result
  }

  #mustBeCut(): void {
    const pan = this.#simulation.servo('pan')
    if (this.plugged && !this.#unreliable.has('pan') && hasTorque(pan))
      this.#robot.violated('P15: a joint that a stop cuts has power 5 ms after it')
  }

  mustStaySilent(act: () => void, otherwise: string): void {
    const before = this.#frames
    act()
    if (this.#frames !== before) this.#robot.violated(otherwise)
  }

  // Registers

  /** The verdict against the registers; what is not confirmed must be a servo that something is wrong with. */
  judged(verdict: StopVerdict): void {
    for (const { joint, verdict: found, policy } of verdict.joints) {
      const powered = hasTorque(this.#simulation.servo(joint))
      if (found === 'off') this.#off.add(joint)
      if (found === 'off' && powered) this.#robot.violated(`P18: ${joint} is off in the verdict, and has power`)
      if (found === 'holding' && (!powered || policy !== 'hold'))
        this.#robot.violated(`P18: ${joint} holds in the verdict, and ${powered ? 'must not' : 'has no power'}`)
      if (found === 'not_confirmed' && this.plugged && !this.#unreliable.has(joint))
        this.#robot.violated(`P18: ${joint} is not confirmed, and nothing is wrong with it`)
    }
    if (verdict.joints.length !== JOINTS.length) this.#robot.violated('P19: a joint is missing in the verdict')
    if (verdict.confirmed !== verdict.joints.every(({ verdict: found }) => found !== 'not_confirmed'))
      this.#robot.violated('P18: confirmed, and one joint is not')
  }

  /** An arming has begun: what was off may get power. */
  forgetVerdict(): void {
    this.#off.clear()
  }

  beforeArming(): void {
    this.#angles = this.#simulation.servos.map(({ angle }) => angle)
  }

  /** P17. */
  afterArming(): void {
    for (const [index, servo] of this.#simulation.servos.entries()) {
      if (!hasTorque(servo) && !this.#unreliable.has(servo.joint))
        this.#robot.violated(`P17: armed, and ${servo.joint} has no torque`)
      if (Math.abs(servo.angle - (this.#angles[index] ?? servo.angle)) > ONE_DEGREE)
        this.#robot.violated(`P17: ${servo.joint} moved on arming`)
    }
  }

  /** P24: a reading that is called fresh is of this joint, and not older than it says. */
  checkReadings(joints: Readonly<Record<string, JointReading>>): void {
    for (const [joint, reading] of Object.entries(joints)) {
      if (reading.status !== 'fresh') continue
      const off = Math.abs(reading.position - this.#simulation.servo(joint).angle)
      if (off > COARSEST + FASTEST * (this.#clock.now() - reading.at))
        this.#robot.violated(`P24: ${joint} is said to be at ${reading.position}, and is ${off} rad away from there`)
    }
  }

  /** After each step: what a verdict called off is off until the next arming. */
  check(safety: string, acting: boolean): void {
    for (const joint of this.#off)
      if (hasTorque(this.#simulation.servo(joint)))
        this.#robot.violated(`P15: ${joint} has power again while ${safety}`)
    if (acting || this.#clock.now() < this.#reliableAt) return
    this.#unreliable.clear()
    this.#reliableAt = Number.POSITIVE_INFINITY
  }

  // Troubles

  trouble(trouble: Trouble, joint: string): void {
    const { faults } = this.#simulation
    if (trouble === 'jam') faults.jam(joint)
    else if (trouble === 'heat') faults.heat(joint, 90)
    else if (trouble === 'unplug') {
      faults.unplug()
      this.plugged = false
    } else {
      this.#unreliable.add(joint)
      this.#reliableAt = Number.POSITIVE_INFINITY
      if (trouble === 'silence') faults.silence(joint)
      else if (trouble === 'drop') faults.dropReplies(joint, { next: 4 })
      else faults.corruptReplies(joint, { next: 2 })
    }
  }

  powerCycle(): void {
    this.#simulation.powerCycle()
  }

  heal(): void {
    this.#simulation.faults.clear()
    this.#reliableAt = this.#clock.now() + HEARD_AGAIN
  }
}

const hasTorque = (servo: ReturnType<Simulation['servo']>): boolean => servo.read('torqueEnable') === 1
