import type { JointSpec } from '../device/joint.ts'
import type { ServoBus } from '../device/servo-bus.ts'
import type { Axis } from './axis.ts'
import type { ControlLoop, MotionEnv } from './control-loop.ts'

/** One bus with the joints that it drives and the loop that ticks them. */
export interface Channel {
  readonly name: string
  readonly bus: ServoBus
  readonly axes: readonly Axis[]
  readonly loop: ControlLoop
}

/** All moving parts of one robot, as its definition lists them; the list never changes. */
export class Rig {
  readonly env: MotionEnv
  readonly channels: readonly Channel[]
  /** Joints with a servo, by name, in the order of the definition. */
  readonly axes: ReadonlyMap<string, Axis>
  /** All joints, passive ones too. */
  readonly joints: Readonly<Record<string, JointSpec>>
  readonly #channelOf: ReadonlyMap<Axis, Channel>
  readonly #closers = new Set<() => void>()

  constructor(env: MotionEnv, channels: readonly Channel[], joints: Readonly<Record<string, JointSpec>>) {
    this.env = env
    this.channels = channels
    this.joints = joints
    this.#channelOf = new Map(channels.flatMap((channel) => channel.axes.map((axis) => [axis, channel] as const)))
    const byName = new Map([...this.#channelOf.keys()].map((axis) => [axis.name, axis]))
    this.axes = new Map(
      Object.keys(joints).flatMap((name) => {
        const axis = byName.get(name)
        return axis ? [[name, axis] as const] : []
      }),
    )
  }

  /** The bus of this joint. Each axis of a rig has one. */
  channelOf(axis: Axis): Channel {
    const channel = this.#channelOf.get(axis)
    if (!channel) throw new Error(`${axis.name} is not part of this rig`)
    return channel
  }

  /** The joints among `names` that have a servo. */
  axesOf(names: Iterable<string>): Axis[] {
    return [...names].flatMap((name) => this.axes.get(name) ?? [])
  }

  /** All loops at full rate until the returned function is called. */
  hurry(): () => void {
    const releases = this.channels.map(({ loop }) => loop.hurry())
    return () => {
      for (const release of releases) release()
    }
  }

  /** Calls `fn` when the rig is closed, until the returned function is called: waits end then. */
  onClose(fn: () => void): () => void {
    this.#closers.add(fn)
    return () => {
      this.#closers.delete(fn)
    }
  }

  /** Ends every wait for a reading. */
  close(): void {
    for (const fn of [...this.#closers]) fn()
  }

  /** The buses of these joints, each once. */
  channelsOf(axes: Iterable<Axis>): Channel[] {
    return [...new Set([...axes].map((axis) => this.channelOf(axis)))]
  }
}
