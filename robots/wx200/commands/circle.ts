import { minutes } from 'tendon'
import { reach } from '../kinematics.ts'
import { wx200 } from '../model.ts'
import { progress } from '../progress.ts'

/** The circle that the tips draw, in the plane across the arm, in metres. */
export const circleOf = { centre: { x: 0.25, y: 0, z: 0.2 }, radius: 0.05, points: 16 } as const

/** The points of the circle, the first one at its top. */
export const points = Array.from({ length: circleOf.points }, (_, i) => {
  const angle = (2 * Math.PI * i) / circleOf.points
  const { centre, radius } = circleOf
  return { x: centre.x, y: centre.y - radius * Math.sin(angle), z: centre.z + radius * Math.cos(angle) }
})

/** Draws a circle in the air, point by point: each is left only when the arm was read there. */
export const circle = wx200.command({
  doc: 'Draws a circle in the air, a level hand 25 cm ahead.',
  feedback: progress,
  category: 'motion',
  claims: ['waist', 'shoulder', 'elbow', 'wrist_angle'],
  deadline: minutes(1),
  async run({ joints, feedback, params, fail }) {
    const legs = [...points, ...points.slice(0, 1)]
    for (const [done, point] of legs.entries()) {
      const goal = reach(point)
      if (!goal) throw fail('the arm is too short', { ...point })
      await joints.moveTo({ ...goal }, { speed: params.cruise })
      feedback({ fraction: (done + 1) / legs.length })
    }
    return { points: points.length }
  },
})
