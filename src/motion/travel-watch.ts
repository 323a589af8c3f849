import type { Problem } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Radians } from '../base/units.ts'
import { boundOf, unitOf } from '../device/joint.ts'
import type { Axis } from './axis.ts'
import type { Rig } from './rig.ts'

/** Follows joints while they are powered up, from where they were last read, and remembers how far each one strayed. */
export class TravelWatch {
  readonly #rig: Rig
  readonly #from: ReadonlyMap<Axis, Radians>
  readonly #furthest = new Map<Axis, Radians>()
  readonly #releases: readonly (() => void)[]

  constructor(rig: Rig, axes: readonly Axis[]) {
    this.#rig = rig
    this.#from = new Map(axes.flatMap((axis) => (axis.measured === undefined ? [] : [[axis, axis.measured] as const])))
    this.#releases = rig.channelsOf(axes).map(({ loop }) => loop.onRead(() => this.#look()))
  }

  /** One problem for each joint that moved further than arming allows, even if it came back. */
  problems(): Problem[] {
    this.#look()
    return [...this.#furthest].flatMap(([axis, by]) => {
      const limit = boundOf(axis.spec, this.#rig.env.limits.armTravel)
      return by > limit ? [problem('TENDON_ARM_MOVED', { joint: axis.name, by, limit, unit: unitOf(axis.spec) })] : []
    })
  }

  end(): void {
    for (const release of this.#releases) release()
  }

  #look(): void {
    for (const [axis, at] of this.#from) {
      const by = Math.abs((axis.measured ?? at) - at)
      this.#furthest.set(axis, Math.max(by, this.#furthest.get(axis) ?? 0))
    }
  }
}
