import type { RobotDefinition } from '../../src/define/robot-definition.ts'
import { type HostFrame, tapped } from '../model/wire-log.ts'

/** What is asked of the robot at the moment of each frame. */
export interface Watched {
  safety(): string | undefined
  /** Whether something that lives may give power while armed. */
  mayPower(): boolean
  /** Live runs that claim this joint. */
  holders(joint: string): number
  violated(what: string): void
}

/** Every frame that the host hands to its port, against what it may send at that moment. */
export class WireWatch {
  readonly #joints: readonly string[]
  readonly #robot: Watched
  /** The last goal that each servo was told by a setpoint. */
  readonly #goals = new Map<number, number | undefined>()
  #first: HostFrame | undefined
  frames = 0

  constructor(joints: readonly string[], robot: Watched) {
    this.#joints = joints
    this.#robot = robot
  }

  /** The same robot with this watch on its bus. */
  on(definition: RobotDefinition, bus: string): RobotDefinition {
    const { hardware } = definition
    const spec = hardware.buses[bus]
    if (!spec) throw new Error(`there is no bus ${bus}`)
    const port = tapped(spec.port, (frame) => this.#onFrame(frame))
    return definition.withHardware({ ...hardware, buses: { ...hardware.buses, [bus]: spec.withPort(port) } })
  }

  #onFrame(frame: HostFrame): void {
    this.frames++
    this.#first ??= frame
    const safety = this.#robot.safety()
    if (frame.kind === 'setpoints') this.#onSetpoints(frame, safety)
    else if (frame.kind !== 'other') this.#goals.clear()
    const powers = frame.kind === 'torque' && [...frame.values.values()].includes(1)
    if (powers && safety !== 'arming' && !(safety === 'armed' && this.#robot.mayPower()))
      this.#robot.violated(`P15: torque on while ${safety}`)
  }

  /** P12, P15: setpoints only while armed, and new ones only for a joint that a live run claims. */
  #onSetpoints({ values }: HostFrame, safety: string | undefined): void {
    if (safety !== 'armed') this.#robot.violated(`P15: a setpoint while ${safety}`)
    for (const [id, goal] of values) {
      const joint = this.#joints[id - 1] ?? `servo ${id}`
      const before = this.#goals.get(id)
      this.#goals.set(id, goal)
      if (before !== undefined && before !== goal && this.#robot.holders(joint) === 0)
        this.#robot.violated(`P12: ${joint} was given a new setpoint, and no live run claims it`)
    }
  }

  /** What an act sends before it returns must begin with a stop frame. */
  stopBytes<T>(act: () => T): T {
    this.#first = undefined
    const result = act()
    const kind = (this.#first as HostFrame | undefined)?.kind
    if (kind !== 'stop') this.#robot.violated(`P15: the act sent no stop frame first, but ${kind ?? 'nothing'}`)
    return result
  }

  mustStaySilent(act: () => void, otherwise: string): void {
    const before = this.frames
    act()
    if (this.frames !== before) this.#robot.violated(otherwise)
  }
}
