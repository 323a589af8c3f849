import type { PacedBy } from '../define/paced-joints.ts'
import type { ParameterValue } from '../define/parameter.ts'
import type { HardwareMap } from '../device/hardware-map.ts'
import { accelerationOf, type JointPace } from '../device/joint.ts'

/** How fast those joints may move whose limits come from parameters, read anew by each call; never more than they can. */
export function jointPaces(
  pacedBy: Readonly<Record<string, PacedBy>>,
  able: HardwareMap['joints'],
  params: Readonly<Record<string, ParameterValue>>,
): Record<string, () => JointPace> {
  const atMost = (limit: number, parameter: string | undefined): number =>
    parameter === undefined ? limit : Math.min(limit, params[parameter] as number)
  const paces: Record<string, () => JointPace> = {}
  for (const [name, by] of Object.entries(pacedBy)) {
    const joint = able[name]
    if (!joint) continue
    paces[name] = () => {
      const velocity = atMost(joint.velocity, by.velocity?.parameter)
      // Without one of its own the acceleration follows the velocity, as for every joint.
      const acceleration = accelerationOf({ ...joint, velocity })
      return { velocity, acceleration: atMost(acceleration, by.acceleration?.parameter) }
    }
  }
  return paces
}
