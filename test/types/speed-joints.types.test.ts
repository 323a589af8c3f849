import { defineRobot, deg, radPerSec } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { serial } from 'tendon/serial'
import { describe, expect, it } from 'vitest'

// Right lines compile, wrong ones carry @ts-expect-error, which is itself an error where the line compiles.
const buses = { wheels: feetech({ port: serial({ path: '/dev/null', baudRate: 1_000_000 }) }) }
const turning = { velocity: radPerSec(5), stop: 'park' } as const
const pan = { ...turning, position: [deg(-90), deg(90)], servo: sts3215('wheels', 3) } as const
const rover = defineRobot('rover', {
  buses,
  joints: {
    left: { ...turning, servo: sts3215('wheels', 1, { mode: 'velocity' }) },
    right: { ...turning, servo: sts3215('wheels', 2, { mode: 'velocity' }), direction: -1 },
    pan,
    shade: { position: [-2, 2], velocity: 1, mimic: { joint: 'pan', multiplier: -1 } },
  },
})

/** Code that is compiled and never run. */
const compiled = (_code: () => unknown): void => {}

describe('a joint that turns at speeds', () => {
  it('has no limits of position; every other joint must have them', () => {
    compiled(() => {
      const servo = sts3215('wheels', 1, { mode: 'velocity' })
      // @ts-expect-error limits of position where the servo turns
      defineRobot('a', { buses, joints: { left: { ...turning, servo, position: [0, 1] } } })
      // @ts-expect-error nothing is near enough to arrive
      defineRobot('a', { buses, joints: { left: { ...turning, servo, tolerance: 0.1 } } })
      // @ts-expect-error no limits of position
      defineRobot('a', { buses, joints: { left: { ...turning, servo: sts3215('wheels', 1) } } })
      // @ts-expect-error no limits of position
      defineRobot('a', { buses, joints: { left: { ...turning, servo: sts3215('wheels', 1, { mode: 'position' }) } } })
      // @ts-expect-error no mode 'speed'
      sts3215('wheels', 1, { mode: 'speed' })
    })
    expect(rover.spec.joints?.left?.position).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])
  })

  it('is driven, and never moved to a place; one with positions is never driven', () => {
    const body = rover.command({
      claims: ['left', 'right', 'pan'],
      async run({ joints }) {
        joints.drive({ left: radPerSec(1), right: 1 }, { ttl: 0.3 })
        await joints.moveTo({ pan: 1 })
        joints.setpoint('pan', 1)
        joints.read('left')
        joints.read('shade')
        await joints.release('left', 'pan')
        // @ts-expect-error pan goes to positions
        joints.drive({ pan: 1 })
        // @ts-expect-error no joint 'lefft'
        joints.drive({ lefft: 1 })
        // @ts-expect-error left turns at speeds
        await joints.moveTo({ left: 1 })
        // @ts-expect-error left turns at speeds
        joints.setpoint('left', 1)
      },
    })
    compiled(() => {
      const goal = rover.jointGoal()
      const input: NonNullable<(typeof goal)['~standard']['types']>['input'] = { pan: 1 }
      // @ts-expect-error left turns at speeds
      const wrong: NonNullable<(typeof goal)['~standard']['types']>['input'] = { left: 1 }
      return [input, wrong]
    })
    expect(body.spec.claims).toEqual(['left', 'right', 'pan'])
  })
})
